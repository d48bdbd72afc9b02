/**
 * Storing a block above the pack limit, in the order that keeps I1 and I2 through any crash: protect it from collection, store
 * the verified bytes, and only then write down that this user has it.
 *
 * A block that others have already is written all the same: whoever sends it could else tell from the time it took that somebody
 * has it (decision 33).
 */
import type { UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BucketWriter, Clock, Database, Sleep } from "../ports.ts";
import { shardAt } from "./block-index.ts";
import { leaseBlock } from "./lease.ts";
import { shardOf } from "./shards.ts";

export type StoreOutcome =
  /** The user has it now. `sent` is false if he had it already. */
  | { readonly type: "stored"; readonly sent: boolean }
  /** It is being collected: shortly it can be stored anew. */
  | { readonly type: "being-deleted" };

export type BlockStorePorts = {
  readonly shards: readonly Database[];
  readonly bucket: BucketWriter;
  readonly clock: Clock;
  readonly sleep: Sleep;
};

/** The bucket takes one write a second for a key. */
const writeAgainMs = 1100;
const writesMax = 4;
/** What the bucket says to a write that comes too soon after another of the same key. */
const tooSoon = /\(10058\)/;

/** Where a block's object is. */
export function blockKey(hash: string): string {
  return `b/${hash}`;
}

/** The bytes must hash to the block's name: the caller has verified it (and the bucket does again). */
export async function storeBlock(
  { shards, bucket, clock, sleep }: BlockStorePorts,
  user: UserId,
  { hash, size }: BlockRef,
  bytes: Uint8Array,
): Promise<StoreOutcome> {
  const db = shardAt(shards, shardOf(hash, shards.length));
  const { state, is_mine } = await reserve(db, user, { hash, size }, clock.now());
  if (state === "deleting") return { type: "being-deleted" };
  if (is_mine === 0) await putOnce({ bucket, sleep }, { hash, size }, { bytes, isDamaged: state === "damaged" });
  // Only by who has put the bytes: what the scrub has found damaged since stays so for all others.
  const markStored = db.prepare("UPDATE blocks SET state = 'stored' WHERE hash = ?1 AND state <> 'deleting'").bind(hash);
  const leased = await leaseBlock(db, { user, hash, now: clock.now() }, is_mine === 0 ? [markStored] : []);
  return leased ? { type: "stored", sent: is_mine === 0 } : { type: "being-deleted" };
}

type Reserved = { readonly state: string; readonly is_mine: 0 | 1 };

/** Protects the block, known or not, and tells its state and whether this user has it stored. */
async function reserve(db: Database, user: UserId, { hash, size }: BlockRef, now: number): Promise<Reserved> {
  const [, found] = await db.batch<Reserved>([
    db
      .prepare(
        `INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until)
         VALUES (?1, ?2, ?2, 'identity', 'pending', ?3, ?4)
         ON CONFLICT (hash) DO UPDATE SET protected_until = max(protected_until, excluded.protected_until) WHERE state <> 'deleting'`,
      )
      .bind(hash, size, now, now + leaseMs),
    db
      .prepare(
        `SELECT state, state = 'stored' AND EXISTS (SELECT 1 FROM holders
           WHERE hash = ?1 AND user_id = ?2 AND (expires_at IS NULL OR expires_at > ?3)) AS is_mine
         FROM blocks WHERE hash = ?1`,
      )
      .bind(hash, user, now),
  ]);
  const [row] = found?.results ?? [];
  if (row === undefined) throw new Error(`block ${hash} vanished in the transaction that wrote it`);
  return row;
}

/**
 * Many who send one block at once meet at the bucket, which refuses all but one in a second. What stands there then is right
 * whoever won, since the bucket verifies every write; while nothing does, the winner is still at it, or has failed. In place of a
 * damaged object nothing but a write that succeeded will do.
 */
async function putOnce(
  { bucket, sleep }: Pick<BlockStorePorts, "bucket" | "sleep">,
  { hash, size }: BlockRef,
  { bytes, isDamaged }: { bytes: Uint8Array; isDamaged: boolean },
): Promise<void> {
  const key = blockKey(hash);
  const isThere = async () => !isDamaged && (await bucket.head(key))?.size === size;
  for (let writes = 1; ; writes++) {
    try {
      await bucket.put(key, bytes, { sha256: hash });
      return;
    } catch (error) {
      if (await isThere()) return;
      if (writes === writesMax || !(error instanceof Error && tooSoon.test(error.message))) throw error;
    }
    await sleep(writeAgainMs);
    if (await isThere()) return;
  }
}
