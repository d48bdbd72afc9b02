/** Small JSON files of the client's home: whole or not there, for this user's eyes only, parsed at the border. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod/mini";
import { codeOf } from "./error-code.ts";

/** A state file exists and cannot be understood. Nothing is guessed from it: a person decides. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";
  readonly path: string;

  constructor(path: string, fault: string, cause?: unknown) {
    super(`${path} cannot be read: ${fault}`, { cause });
    this.path = path;
  }
}

/** Undefined when there is no such file. Rejects with {@link StateFileError} when it is not what the schema says. */
export async function readStateFile<Schema extends z.ZodMiniType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new StateFileError(path, codeOf(error) ?? "unreadable", error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StateFileError(path, "it is not JSON", error);
  }
  const parsed = z.safeParse(schema, value);
  if (!parsed.success) throw new StateFileError(path, z.prettifyError(parsed.error).replaceAll("\n", " "), parsed.error);
  return parsed.data;
}

/**
 * Replaces the file as a whole: a crash at any moment leaves the old text or the new one. Mode 0600, since it may hold a
 * token. The name beside it carries the process id, so that two processes never write into one draft.
 */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  try {
    await using file = await open(draft, "w", 0o600);
    await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
    await file.sync();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

export async function removeStateFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** Makes a rename or removal in it last. Windows cannot open a folder, and does not need to. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
