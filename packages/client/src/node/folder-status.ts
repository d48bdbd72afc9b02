import { existsSync } from "node:fs";
import { readStatus } from "../engine/status.ts";
import type { Status } from "../engine/types.ts";
import { openDatabase } from "./database.ts";
import type { FolderPaths } from "./home.ts";
import { readOutage, type Outage } from "./outage.ts";

export type FolderStatus = Status & {
  /** While the state is `offline`. */
  readonly outage: Outage | undefined;
};

/** What the engine last wrote down about a folder, whether it runs now or not; undefined before it first ran. */
export function folderStatus(paths: FolderPaths, nowMs: number): FolderStatus | undefined {
  if (!existsSync(paths.database)) return undefined;
  const database = openDatabase(paths.database, nowMs);
  try {
    const status = readStatus(database);
    return { ...status, outage: status.state === "offline" ? readOutage(database) : undefined };
  } finally {
    database.close();
  }
}
