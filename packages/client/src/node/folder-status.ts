import { statfsSync } from "node:fs";
import { readStatus } from "../engine/status.ts";
import type { Status } from "../engine/types.ts";
import type { RelativePath } from "../ports.ts";
import { Trees } from "../trees/trees.ts";
import { lookAtDatabase } from "./database.ts";
import type { FolderPaths } from "./home.ts";
import { readOutage, type Outage } from "./outage.ts";

/** Items told by name; all are counted in `pending`. */
const queuedMax = 100;

/** SQLite's log and shared memory grow by pages: with less than this left they soon fail to. */
const stateBytesMin = 256 * 1024;

export type FolderStatus = Status & {
  /** While the state is `offline`. */
  readonly outage: Outage | undefined;
  /** What is not equal yet and waits for nothing of its own: the first hundred. */
  readonly queued: readonly RelativePath[];
  /** There is no room for what the engine would note: it waits for that, and cannot write it down itself. */
  readonly isStateFull: boolean;
};

/** What the engine last wrote down about a folder, whether it runs now or not; undefined where that cannot be read. */
export function folderStatus(paths: FolderPaths): FolderStatus | undefined {
  const look = lookAtDatabase(paths.database);
  if (look.state !== "readable") return undefined;
  const { database } = look;
  try {
    // Of one moment, whatever the engine writes meanwhile.
    database.exec("BEGIN");
    const status = readStatus(database);
    const trees = new Trees(database, { caseSensitive: true, readOnly: true });
    const queued = trees.dirty.silent(queuedMax).map((id) => trees.shownPath(id));
    const { bavail, bsize } = statfsSync(paths.directory);
    const isStateFull = bavail * bsize < stateBytesMin;
    return { ...status, queued, isStateFull, outage: status.state === "offline" ? readOutage(database) : undefined };
  } finally {
    database.close();
  }
}
