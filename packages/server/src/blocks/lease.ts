/** The holder row of who has sent or proven a block: the last step of both, when the block is known to be there (I1, I2). */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { Database, Statement } from "../ports.ts";

const insertLease = `INSERT INTO holders (hash, user_id, expires_at, sent_bytes) SELECT hash, ?2, ?3, ?4 FROM blocks WHERE hash = ?1 AND state = 'stored'
  ON CONFLICT (hash, user_id) DO UPDATE SET expires_at = excluded.expires_at, sent_bytes = excluded.sent_bytes WHERE expires_at < excluded.expires_at`;
const selectHolder = "SELECT 1 FROM holders JOIN blocks USING (hash) WHERE hash = ?1 AND user_id = ?2 AND state = 'stored'";

/** `sentBytes`: of the block's content as it travelled; 0 if it was proven. */
type Lease = { readonly user: UserId; readonly hash: BlockHash; readonly now: number; readonly sentBytes: number };

/** A lease of 72 hours, or the hold that the user has. False if the block is not stored, or on its way out. */
export async function leaseBlock(db: Database, { user, hash, now, sentBytes }: Lease, before: readonly Statement[] = []): Promise<boolean> {
  const answers = await db.batch([
    ...before,
    db.prepare(insertLease).bind(hash, user, now + leaseMs, sentBytes),
    db.prepare(selectHolder).bind(hash, user),
  ]);
  return answers.at(-1)?.results.length === 1;
}
