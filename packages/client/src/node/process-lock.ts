import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { translated } from "./database.ts";

export type ProcessLock = Disposable;

/**
 * A lock that only one process on this machine holds, and that the operating system releases when the process ends, by
 * `kill -9` too: SQLite's exclusive lock on a database of its own. Undefined when another holds it.
 */
export function tryProcessLock(path: string): ProcessLock | undefined {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = openOrTell(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw translated(error);
  }
  return { [Symbol.dispose]: () => database.close() };
}

function openOrTell(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw translated(error);
  }
}

/** SQLITE_BUSY, with whatever extended code in the upper bits. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5;
}

const retryMs = 20;

/** Waits for the lock until the deadline, then rejects: whoever has it that long hangs, and is named by the path. */
export async function withProcessLock<Result>(path: string, waitMs: number, work: () => Promise<Result>): Promise<Result> {
  for (let waited = 0; ; waited += retryMs) {
    using lock = tryProcessLock(path);
    if (lock !== undefined) return await work();
    if (waited >= waitMs) throw new Error(`another process has held ${path} for ${waitMs} ms`);
    await sleep(retryMs);
  }
}
