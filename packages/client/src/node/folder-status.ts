import { existsSync } from "node:fs";
import { readStatus } from "../engine/status.ts";
import type { Status } from "../engine/types.ts";
import { openDatabase } from "./database.ts";
import type { FolderPaths } from "./home.ts";

/** What the engine last wrote down about a folder, whether it runs now or not; undefined before it first ran. */
export function folderStatus(paths: FolderPaths, nowMs: number): Status | undefined {
  if (!existsSync(paths.database)) return undefined;
  const database = openDatabase(paths.database, nowMs);
  try {
    return readStatus(database);
  } finally {
    database.close();
  }
}
