/**
 * Storing a block above the pack limit, in the order that keeps I1 and I2 through any crash: protect it from collection, store
 * the verified bytes, and only then write down that this user has it.
 */
import type { UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BucketWriter, Clock, Database } from "../ports.ts";
import { shardAt } from "./block-index.ts";
import { shardOf } from "./shards.ts";

export type StoreOutcome =
  /** The user has it now. `sent` is false if the object was there already. */
  | { readonly type: "stored"; readonly sent: boolean }
  /** It is being collected: shortly it can be stored anew. */
  | { readonly type: "being-deleted" };

export type BlockStorePorts = { readonly shards: readonly Database[]; readonly bucket: BucketWriter; readonly clock: Clock };

/** Where a block's object is. */
export function blockKey(hash: string): string {
  return `b/${hash}`;
}

/** The bytes must hash to the block's name: the caller has verified it (and the bucket does again). */
export async function storeBlock(
  { shards, bucket, clock }: BlockStorePorts,
  user: UserId,
  { hash, size }: BlockRef,
  bytes: Uint8Array,
): Promise<StoreOutcome> {
  const db = shardAt(shards, shardOf(hash, shards.length));
  const state = await reserve(db, { hash, size }, clock.now());
  if (state === "deleting") return { type: "being-deleted" };
  const isThere = state === "stored";
  // In place of a damaged object nothing but a write that succeeded will do.
  if (state === "damaged") await bucket.put(blockKey(hash), bytes, { sha256: hash });
  else if (!isThere) await putOnce(bucket, { hash, size }, bytes);
  const leased = await lease(db, { user, hash, isPut: !isThere }, clock.now());
  return leased ? { type: "stored", sent: !isThere } : { type: "being-deleted" };
}

/** Protects the block, known or not, and tells its state. */
async function reserve(db: Database, { hash, size }: BlockRef, now: number): Promise<string> {
  const [, found] = await db.batch<{ state: string }>([
    db
      .prepare(
        `INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until)
         VALUES (?1, ?2, ?2, 'identity', 'pending', ?3, ?4)
         ON CONFLICT (hash) DO UPDATE SET protected_until = excluded.protected_until
         WHERE protected_until < excluded.protected_until AND state <> 'deleting'`,
      )
      .bind(hash, size, now, now + leaseMs),
    db.prepare("SELECT state FROM blocks WHERE hash = ?1").bind(hash),
  ]);
  const [row] = found?.results ?? [];
  if (row === undefined) throw new Error(`block ${hash} vanished in the transaction that wrote it`);
  return row.state;
}

/**
 * Two uploaders of one block meet at the bucket, which takes one write a second for a key and refuses the other. What stands
 * there is right whoever won, since the bucket verifies every write.
 */
async function putOnce(bucket: BucketWriter, { hash, size }: BlockRef, bytes: Uint8Array): Promise<void> {
  try {
    await bucket.put(blockKey(hash), bytes, { sha256: hash });
  } catch (error) {
    const stored = await bucket.head(blockKey(hash));
    if (stored?.size !== size) throw error;
  }
}

/** False if the block went on its way out meanwhile, or turned out to be damaged: only who has put its bytes says that it is stored. */
async function lease(db: Database, { user, hash, isPut }: { user: UserId; hash: string; isPut: boolean }, now: number): Promise<boolean> {
  const [, , held] = await db.batch([
    db.prepare("UPDATE blocks SET state = 'stored' WHERE hash = ?1 AND state IN ('pending', 'damaged') AND ?2").bind(hash, Number(isPut)),
    db
      .prepare(
        `INSERT INTO holders (hash, user_id, expires_at) SELECT hash, ?2, ?3 FROM blocks WHERE hash = ?1 AND state = 'stored'
         ON CONFLICT (hash, user_id) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at < excluded.expires_at`,
      )
      .bind(hash, user, now + leaseMs),
    db.prepare("SELECT 1 FROM holders JOIN blocks USING (hash) WHERE hash = ?1 AND user_id = ?2 AND state = 'stored'").bind(hash, user),
  ]);
  return held?.results.length === 1;
}
