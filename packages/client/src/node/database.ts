/** Opens the client's database with node:sqlite. */
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DatabaseDamagedError, DatabaseFullError, type Durability, type LocalDatabase, type SqlList, type SqlRow } from "../database.ts";
import { schemaVersion } from "../trees/schema.ts";
import { leaveClosedMark, takeClosedMark } from "./closed-mark.ts";

/**
 * Opens or makes the database at `path`. A damaged one is renamed away (`<path>.damaged-<ms>`) and a new one begun: what
 * it held were observations, and the next sync observes again (DESIGN section 9).
 */
export function openDatabase(path: string, nowMs: number): LocalDatabase {
  try {
    return open(path, nowMs);
  } catch (error) {
    if (path === ":memory:" || !existsSync(path) || !isDamage(error)) throw translated(error);
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged-${nowMs}${suffix}`);
    }
    return open(path, nowMs);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof DatabaseDamagedError || translated(error) instanceof DatabaseDamagedError;
}

/** What SQLite says, as what it means for the client's state. */
export function translated(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  // With whatever extended code in the upper bits: SQLITE_READONLY, SQLITE_IOERR (which is also a full disk, where the shared
  // memory's file or a quota meets it), SQLITE_FULL and SQLITE_CANTOPEN; SQLITE_CORRUPT and SQLITE_NOTADB.
  const primary = error.errcode & 0xff;
  if ([8, 10, 13, 14].includes(primary)) return new DatabaseFullError(error.message, { cause: error });
  if (primary === 11 || primary === 26) return new DatabaseDamagedError(error.message, { cause: error });
  return error;
}

/** What a look at the database of another process finds; nothing is changed by it. */
export type DatabaseLook = { state: "absent" | "damaged" | "other-version" } | { state: "readable"; database: LocalDatabase };

/** Opens it to read only, also while another process writes. To be closed by the caller. */
export function lookAtDatabase(path: string): DatabaseLook {
  if (!existsSync(path)) return { state: "absent" };
  const handle = new DatabaseSync(path, { readOnly: true, timeout: busyMs });
  try {
    readThrough(handle);
    if (handle.prepare("PRAGMA user_version").get()?.["user_version"] === schemaVersion)
      return { state: "readable", database: wrap(handle, () => undefined) };
    handle.close();
    return { state: "other-version" };
  } catch (error) {
    handle.close();
    if (!isDamage(error)) throw error;
    return { state: "damaged" };
  }
}

const busyMs = 5000;

function open(path: string, nowMs: number): LocalDatabase {
  const soundSinceMs = path === ":memory:" ? nowMs : takeClosedMark(path, nowMs);
  const handle = new DatabaseSync(path);
  try {
    // FULL: what is agreed with the edge must not be forgotten by a power cut (I4).
    handle.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${busyMs};`);
    if (soundSinceMs === undefined) readThrough(handle);
  } catch (error) {
    handle.close();
    throw error;
  }
  return wrap(handle, () => {
    if (path !== ":memory:") leaveClosedMark(path, soundSinceMs ?? nowMs);
  });
}

function readThrough(handle: DatabaseSync): void {
  if (handle.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] !== "ok") throw new DatabaseDamagedError("the integrity check failed");
}

/** How the log is flushed: at each commit, or before it is copied into the database. */
const synchronous: Readonly<Record<Durability, string>> = { kept: "FULL", "found-again": "NORMAL" };

/** `onClosed` is called when it is closed, unless damage was met. */
function wrap(handle: DatabaseSync, onClosed: () => void): LocalDatabase {
  let isDamaged = false;
  const attempt = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      isDamaged ||= isDamage(error);
      throw translated(error);
    }
  };
  let depth = 0;
  // As it was opened.
  let durability: Durability = "kept";
  /** SQLite takes it outside of transactions only. */
  const become = (wanted: Durability) => {
    if (depth > 0 || durability === wanted) return;
    attempt(() => handle.exec(`PRAGMA synchronous = ${synchronous[wanted]}`));
    durability = wanted;
  };
  return {
    exec(sql) {
      become("kept");
      attempt(() => handle.exec(sql));
    },
    prepare(sql) {
      const statement = attempt(() => handle.prepare(sql));
      let listing: StatementSync | undefined;
      const prepareLists = () => {
        const prepared = handle.prepare(sql);
        prepared.setReturnArrays(true);
        return prepared;
      };
      return {
        run(...values) {
          become("kept");
          attempt(() => statement.run(...values));
        },
        get: (...values) => attempt(() => statement.get(...values)) as SqlRow | undefined,
        all: (...values) => attempt(() => statement.all(...values)) as SqlRow[],
        lists: (...values) => attempt(() => (listing ??= prepareLists()).all(...values)) as unknown as SqlList[],
      };
    },
    transaction(work, wanted = "kept") {
      if (depth > 0) {
        if (wanted === "kept" && durability !== "kept") throw new Error("what is to be kept was written where it may be taken back");
        return work();
      }
      become(wanted);
      attempt(() => handle.exec("BEGIN IMMEDIATE"));
      depth++;
      try {
        const result = work();
        attempt(() => handle.exec("COMMIT"));
        return result;
      } catch (error) {
        // Of some failures, a full disk among them, SQLite has rolled back by itself.
        if (handle.isTransaction) attempt(() => handle.exec("ROLLBACK"));
        throw error;
      } finally {
        depth--;
      }
    },
    close() {
      handle.close();
      if (!isDamaged) onClosed();
    },
  };
}
