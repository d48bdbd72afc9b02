import type { Seq, UserId } from "@ashlar/shared/ids";
import { historyMs } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Database } from "../ports.ts";

/** Halves the journal until one change is left: some 20 rows for a million. Seqs have no gap, so every middle is there. */
const firstAfterSql = `
  WITH RECURSIVE search(low, high) AS (
    SELECT coalesce((SELECT c.seq FROM changes c WHERE c.user_id = ?1 ORDER BY c.seq LIMIT 1), ns.seq + 1), ns.seq + 1
    FROM namespaces ns WHERE ns.user_id = ?1
    UNION ALL
    SELECT CASE WHEN c.at > ?2 THEN search.low ELSE c.seq + 1 END, CASE WHEN c.at > ?2 THEN c.seq ELSE search.high END
    FROM search CROSS JOIN changes c ON c.user_id = ?1 AND c.seq = (search.low + search.high) / 2 WHERE search.low < search.high
  )
  SELECT low AS seq FROM search WHERE low = high`;

/**
 * The first change after a moment, in ms since 1970; one above the head if there is none. The order of changes is that of
 * their seqs: where a clock went back, the answer is one of the places at which it passed that moment.
 * Throws a ProblemError `history-expired` for a moment before what history keeps, `not-found` without a namespace.
 */
export async function firstChangeAfter(db: Database, { user, to, now }: { user: UserId; to: number; now: number }): Promise<Seq> {
  if (to < now - historyMs) throw new ProblemError("history-expired");
  const row = await db.prepare(firstAfterSql).bind(user, to).first<{ seq: Seq }>();
  if (row === null) throw new ProblemError("not-found", "This account has no namespace.");
  return row.seq;
}
