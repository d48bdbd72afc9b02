import { statfsSync } from "node:fs";
import type { LocalDatabase } from "../database.ts";
import { readStatus } from "../engine/status.ts";
import { readTransfers, type TransferNote } from "../engine/transfer-notes.ts";
import type { Status } from "../engine/types.ts";
import type { RelativePath } from "../ports.ts";
import { Trees } from "../trees/trees.ts";
import { type DatabaseLook, lookAtDatabase } from "./database.ts";
import type { FolderPaths } from "./home.ts";
import { readOutage, type Outage } from "./outage.ts";

/** SQLite's log and shared memory grow by pages: with less than this left they soon fail to. */
const stateBytesMin = 256 * 1024;

/** What is not equal yet and waits for nothing of its own. `sent`: the server has not answered yet. */
export type QueuedItem = {
  readonly path: RelativePath;
  readonly sinceMs: number;
  readonly stage: TransferNote | "sent" | "queued";
};

export type FolderStatus = Status & {
  /** While the state is `offline`. */
  readonly outage: Outage | undefined;
  /** What is being transferred first; as many as were asked for. All are counted in `pending`. */
  readonly queued: readonly QueuedItem[];
  /** There is no room for what the engine would note: it waits for that, and cannot write it down itself. */
  readonly isStateFull: boolean;
};

/** Why there is nothing to read: the next sync makes it anew. */
export type Unknown = Exclude<DatabaseLook["state"], "readable">;

/** What the engine last wrote down about a folder, whether it runs now or not. */
export function folderStatus(paths: FolderPaths, queuedMax: number): FolderStatus | Unknown {
  const look = lookAtDatabase(paths.database);
  if (look.state !== "readable") return look.state;
  const { database } = look;
  try {
    // Of one moment, whatever the engine writes meanwhile.
    database.exec("BEGIN");
    const status = readStatus(database);
    const { bavail, bsize } = statfsSync(paths.directory);
    const isStateFull = bavail * bsize < stateBytesMin;
    const outage = status.state === "offline" ? readOutage(database) : undefined;
    return { ...status, queued: queuedItems(database, queuedMax), isStateFull, outage };
  } finally {
    database.close();
  }
}

function queuedItems(database: LocalDatabase, limit: number): QueuedItem[] {
  const trees = new Trees(database, { caseSensitive: true, readOnly: true });
  const transfers = readTransfers(database);
  const underWay = new Set(transfers.map(({ node }) => node));
  const sent = trees.intents.nodes();
  const others = trees.dirty.silent(limit).filter(({ id }) => !underWay.has(id));
  return [
    ...transfers.map((note): QueuedItem => ({ path: trees.shownPath(note.node), sinceMs: note.sinceMs, stage: note })),
    ...others.map(({ id, sinceMs }): QueuedItem => ({ path: trees.shownPath(id), sinceMs, stage: sent.has(id) ? "sent" : "queued" })),
  ];
}
