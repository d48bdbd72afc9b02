import type { LocalDatabase } from "../database.ts";
import type { Status } from "./types.ts";

/** What the engine last wrote down, readable by another process while it runs. */
export function readStatus(database: LocalDatabase): Status {
  throw new Error(`not yet: ${typeof database}`);
}
