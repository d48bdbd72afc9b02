import { DiskError, type DiskErrorCode, type RelativePath } from "../ports.ts";

const codes: ReadonlyMap<string, DiskErrorCode> = new Map([
  ["ENOENT", "absent"],
  // A parent is a file.
  ["ENOTDIR", "absent"],
  ["EEXIST", "changed"],
  ["EISDIR", "changed"],
  ["ELOOP", "outside"],
  ["ENOTEMPTY", "not-empty"],
  ["EACCES", "no-permission"],
  ["EPERM", "no-permission"],
  ["EROFS", "no-permission"],
  ["ENOSPC", "no-space"],
  ["EDQUOT", "no-space"],
  ["ENAMETOOLONG", "bad-name"],
  ["EILSEQ", "bad-name"],
  ["EINVAL", "bad-name"],
  ["EBUSY", "busy"],
  ["ETXTBSY", "busy"],
  // Too many open files, or no memory, now: a later try may do.
  ["EAGAIN", "busy"],
  ["EMFILE", "busy"],
  ["ENFILE", "busy"],
  ["ENOMEM", "busy"],
]);

/** The system's name of the failure ("ENOENT"), if it is one of the system's. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Says in the engine's words what the system refused; anything unknown is `io`. */
export function toDiskError(error: unknown, path: RelativePath): DiskError {
  if (error instanceof DiskError) return error;
  return new DiskError(codes.get(errnoOf(error) ?? "") ?? "io", path, error);
}

/** Runs an action on the disk so that it fails with {@link DiskError} only. */
export function attempt<T>(path: RelativePath, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toDiskError(error, path);
  }
}

/** As {@link attempt}, for an action that takes its time. */
export async function attemptAsync<T>(path: RelativePath, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toDiskError(error, path);
  }
}
