import { rm } from "node:fs/promises";
import * as z from "zod/mini";
import type { FolderPaths } from "./home.ts";
import { tryProcessLock } from "./process-lock.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";

const holderSchema = z.strictObject({ pid: z.int(), since: z.int() });
export type Holder = Readonly<z.infer<typeof holderSchema>>;

export type FolderLock = AsyncDisposable;

/**
 * One process at a time may sync a folder: two would undo each other's work. `now` in ms since 1970.
 *
 * The lock counts; the holder file only says who has it, for people.
 */
export async function lockFolder(paths: FolderPaths, now: number): Promise<FolderLock | { heldBy: Holder | undefined }> {
  const lock = tryProcessLock(paths.lock);
  if (lock === undefined) return { heldBy: await readStateFile(paths.holder, holderSchema).catch(() => undefined) };
  await writeStateFile(paths.holder, { pid: process.pid, since: now });
  return {
    async [Symbol.asyncDispose]() {
      await rm(paths.holder, { force: true });
      lock[Symbol.dispose]();
    },
  };
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
