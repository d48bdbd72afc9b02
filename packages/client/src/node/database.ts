/** Opens the client's database with node:sqlite. */
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { LocalDatabase, SqlRow } from "../database.ts";

/**
 * Opens or makes the database at `path`. A damaged one is renamed away (`<path>.damaged-<ms>`) and a new one begun: what
 * it held were observations, and the next sync observes again (DESIGN section 9).
 */
export function openDatabase(path: string, nowMs: number): LocalDatabase {
  try {
    return open(path);
  } catch (error) {
    if (path === ":memory:" || !existsSync(path) || !isDamage(error)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged-${nowMs}${suffix}`);
    }
    return open(path);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && /malformed|not a database|integrity/.test(error.message);
}

function open(path: string): LocalDatabase {
  const handle = new DatabaseSync(path);
  try {
    // FULL: what is agreed with the edge must not be forgotten by a power cut (I4).
    handle.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
    const check = handle.prepare("PRAGMA quick_check(1)").get();
    if (check?.["quick_check"] !== "ok") throw new Error("the integrity check failed");
  } catch (error) {
    handle.close();
    throw error;
  }
  return wrap(handle);
}

function wrap(handle: DatabaseSync): LocalDatabase {
  let depth = 0;
  return {
    exec: (sql) => handle.exec(sql),
    prepare(sql) {
      const statement = handle.prepare(sql);
      return {
        run: (...values) => void statement.run(...values),
        get: (...values) => statement.get(...values) as SqlRow | undefined,
        all: (...values) => statement.all(...values) as SqlRow[],
      };
    },
    transaction(work) {
      if (depth > 0) return work();
      handle.exec("BEGIN IMMEDIATE");
      depth++;
      try {
        const result = work();
        handle.exec("COMMIT");
        return result;
      } catch (error) {
        handle.exec("ROLLBACK");
        throw error;
      } finally {
        depth--;
      }
    },
    close: () => handle.close(),
  };
}
