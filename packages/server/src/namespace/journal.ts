/** The journal: what devices apply in order (I3), and how long it is kept. */
import type { Epoch, OpId, UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax, changesPageMax, historyMs, journalMs, pageManifestCharsMax } from "@ashlar/shared/limits";
import type { ChangesPage } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Database } from "../ports.ts";
import { ReadBatch } from "./bulk.ts";
import { changeColumns, changeOf, type ChangeRow } from "./change-row.ts";

export type ChangesAnswer =
  | ({ readonly kind: "page" } & ChangesPage)
  /** The device has to reconcile: it is too far behind, or it knows another life of this namespace. */
  | { readonly kind: "cursor-expired" | "epoch-changed"; readonly epoch: Epoch; readonly head: number };

type NamespaceHead = { epoch: Epoch; head: number };

const opSql = "SELECT op_id AS op FROM changes WHERE user_id = ?1 AND seq = ?2";

const headSql = "SELECT epoch, seq AS head FROM namespaces WHERE user_id = ?1";

/** A page ends with the manifest, path or deltas that fill it, so that it stays a message of a few megabytes. */
const changesSql = `
  SELECT * FROM (
    SELECT page.*, sum(chars) OVER (ORDER BY seq) - chars AS charsBefore FROM (
      SELECT length(c.path) + coalesce(length(c.deltas), 0) + CASE WHEN length(v.manifest) <= ${changeManifestCharsMax} THEN length(v.manifest) ELSE 0 END AS chars, ${changeColumns} FROM changes c
      LEFT JOIN versions v ON v.user_id = c.user_id AND v.node_id = c.node_id AND v.version = c.version
      WHERE c.user_id = ?1 AND c.seq > ?2 ORDER BY c.seq LIMIT ?3
    ) page
  ) WHERE charsBefore < ?4 ORDER BY seq`;

/**
 * The oldest changes after `since`, at most `limit` of them and never more than `changesPageMax`. With `epoch` null the device
 * begins, which it can do only from 0. A cursor above the head comes from another life of the namespace, whatever it says, and so
 * does one whose change was made by another operation than `op`: a server that was set back gives the same numbers anew. One whose
 * next change is older than the journal goes back has expired, although rows are kept longer. `now` is ms since 1970.
 * Throws a ProblemError `not-found` if the user has no namespace here.
 */
export async function readChanges(
  db: Database,
  {
    user,
    since,
    epoch,
    op,
    limit,
    now,
  }: { user: UserId; since: number; epoch: Epoch | null; op?: OpId | undefined; limit: number; now: number },
): Promise<ChangesAnswer> {
  const batch = new ReadBatch(db);
  const heads = batch.add<NamespaceHead>(db.prepare(headSql).bind(user));
  const rows = batch.add<ChangeRow>(db.prepare(changesSql).bind(user, since, Math.min(limit, changesPageMax), pageManifestCharsMax));
  const made = op === undefined ? undefined : batch.add<{ op: OpId }>(db.prepare(opSql).bind(user, since));
  await batch.run();

  const [namespace] = heads();
  if (namespace === undefined) throw new ProblemError("not-found", "This account has no namespace.");
  const known = epoch === null ? since === 0 : epoch === namespace.epoch;
  // Rows that are no longer kept tell nothing.
  const isOther = made?.().some((row) => row.op !== op) === true;
  if (!known || since > namespace.head || isOther) return { kind: "epoch-changed", ...namespace };
  const changes = rows().map((row) => changeOf(user, row));
  const [first] = changes;
  // Seqs have no gap, so a journal that does not go on with the next one has been pruned.
  const isPruned = (first?.seq ?? namespace.head + 1) !== since + 1;
  if (isPruned || (first !== undefined && first.at < now - journalMs)) return { kind: "cursor-expired", ...namespace };
  return { kind: "page", ...namespace, changes };
}

/** The oldest rows ?1 has, up to the first that is younger than ?2, and at most ?3. */
const tooOld = `
  FROM changes WHERE user_id = ?1 AND seq < (
    SELECT coalesce(
      (SELECT c.seq FROM changes c WHERE c.user_id = ?1 AND c.at > ?2 ORDER BY c.seq LIMIT 1),
      (SELECT seq + 1 FROM namespaces WHERE user_id = ?1)
    )
  ) AND seq < (SELECT min(c.seq) FROM changes c WHERE c.user_id = ?1) + ?3`;

/**
 * Drops what is older than history goes back, the oldest first and at most `rowsMax`; answers how many. Only ever a prefix: a clock
 * that once ran late must not leave a gap. `now` is ms since 1970. With `dryRun` it only counts.
 */
export async function pruneJournal(
  db: Database,
  { user, now, rowsMax, dryRun = false }: { user: UserId; now: number; rowsMax: number; dryRun?: boolean },
): Promise<number> {
  const sql = dryRun ? `SELECT seq ${tooOld}` : `DELETE ${tooOld} RETURNING seq`;
  const { results } = await db
    .prepare(sql)
    .bind(user, now - historyMs, rowsMax)
    .all();
  return results.length;
}
