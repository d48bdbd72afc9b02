/**
 * The collector's changes to a user's rows are made like a commit's: one batch that fails if the namespace is not as it was read,
 * and that moves its generation, so that a commit which read the rows before fails in its turn and reads them again.
 */
import type { UserId } from "@ashlar/shared/ids";
import type { Database, Statement } from "../../ports.ts";

export type Fence = { readonly seq: number; readonly generation: number };

const readSql = "SELECT seq, generation FROM namespaces WHERE user_id = ?1";
const passSql = `
  UPDATE namespaces SET generation = CASE WHEN seq = ?2 AND generation = ?3 THEN generation + 1 END WHERE user_id = ?1`;

/** To be read in one batch with what is decided upon. */
export function readFence(db: Database, user: UserId): Statement {
  return db.prepare(readSql).bind(user);
}

/** To come first in the batch that writes: `generation` takes no null, so it fails as a whole. */
export function passFence(db: Database, user: UserId, { seq, generation }: Fence): Statement {
  return db.prepare(passSql).bind(user, seq, generation);
}

/** What {@link passFence} leaves behind: the releases that follow from its batch are fenced by it. */
export function nextGeneration({ generation }: Fence): number {
  return generation + 1;
}
