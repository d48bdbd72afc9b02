import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import * as z from "zod/mini";
import { DatabaseFullError } from "../database.ts";
import { DiskError } from "../ports.ts";
import { attempt, errnoOf } from "./errno.ts";
import type { FolderPaths } from "./home.ts";
import { tryProcessLock } from "./process-lock.ts";
import { ownFolder, Root } from "./root.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";

const holderSchema = z.strictObject({ pid: z.int(), since: z.int() });
export type Holder = Readonly<z.infer<typeof holderSchema>>;

export type FolderLock = AsyncDisposable;

export type LockOptions = {
  /** Of the synced folder. */
  readonly root: string;
  /** It was never synced from this home: its `.ashlar` may be made. */
  readonly isNew: boolean;
};

const lockName = "lock";

/**
 * One process at a time may sync a folder: two would undo each other's work. `now` in ms since 1970.
 *
 * Two locks: in this home, and in the folder itself for another home on this machine (decision 0047). They count; the holder
 * file only says who has the first one, for people.
 */
export async function lockFolder(
  paths: FolderPaths,
  now: number,
  options?: LockOptions,
): Promise<FolderLock | { heldBy: Holder | "other-home" | undefined }> {
  const lock = tryProcessLock(paths.lock);
  if (lock === undefined) return { heldBy: await readStateFile(paths.holder, holderSchema).catch(() => undefined) };
  const rootLock = options === undefined ? "none" : tryRootLock(options);
  if (rootLock === undefined) {
    lock[Symbol.dispose]();
    return { heldBy: "other-home" };
  }
  await writeStateFile(paths.holder, { pid: process.pid, since: now });
  return {
    async [Symbol.asyncDispose]() {
      await rm(paths.holder, { force: true });
      if (rootLock !== "none") rootLock[Symbol.dispose]();
      lock[Symbol.dispose]();
    },
  };
}

/**
 * `none` where there is none to be had: a folder that this user may not write to, or that does not bear `.ashlar` though it was
 * synced before. The latter may be an empty mount point, and nothing is written to it (I6). `isLook`: nothing is made at all.
 */
function tryRootLock({ root, isNew }: LockOptions, isLook = false): Disposable | "none" | undefined {
  try {
    const place = new Root(root);
    if (isNew) makeOwnFolder(place);
    if (place.statAt(ownFolder, place.guardOwn())?.kind !== "folder") return "none";
    const path = place.guardOwn(lockName);
    const there = place.statAt(lockName, path);
    // A link is not followed.
    if (there === undefined ? isLook : there.kind !== "file") return "none";
    return tryProcessLock(path);
  } catch (error) {
    // A folder that this user may not write to, a file system without locks.
    if (error instanceof DiskError || error instanceof DatabaseFullError) return "none";
    throw error;
  }
}

function makeOwnFolder(place: Root): void {
  attempt(ownFolder, () => {
    try {
      mkdirSync(place.guardOwn());
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  });
}

/** Who syncs this folder now; undefined when nobody does. */
export async function folderHolder(paths: FolderPaths): Promise<Holder | "unknown" | undefined> {
  const lock = tryProcessLock(paths.lock);
  if (lock !== undefined) {
    lock[Symbol.dispose]();
    return undefined;
  }
  return (await readStateFile(paths.holder, holderSchema).catch(() => undefined)) ?? "unknown";
}

/** Whether the folder is being synced by a process, and not by one of this home. */
export async function isHeldByOtherHome(paths: FolderPaths, root: string): Promise<boolean> {
  if ((await folderHolder(paths)) !== undefined) return false;
  const lock = tryRootLock({ root, isNew: false }, true);
  if (lock !== undefined && lock !== "none") lock[Symbol.dispose]();
  return lock === undefined;
}
