/**
 * Storing a block above the pack limit, in the order that keeps I1 and I2 through any crash: protect it from collection, store
 * the verified bytes, and only then write down that this user has it.
 */
import type { UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockEncoding } from "@ashlar/shared/protocol/block";
import type { BucketWriter, Clock, Database } from "../ports.ts";
import { shardAt } from "./block-index.ts";

import { shardOf } from "./shards.ts";
import { formOf, metadataOf } from "./stored-form.ts";

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

/** A block as a zstd frame; `sha256` is of the frame, in hexadecimal. */
export type CompressedBlock = { readonly bytes: Uint8Array; readonly sha256: string };

/** What the bucket is given: the form, its bytes, and what they hash to. */
type Stored = { readonly encoding: BlockEncoding; readonly bytes: Uint8Array; readonly sha256: string };

/**
 * The bytes must hash to the block's name: the caller has verified it (and the bucket does again, of what it stores). So must the
 * content of `compressed`, which is stored instead if it is smaller.
 */
export async function storeBlock(
  { shards, bucket, clock }: BlockStorePorts,
  user: UserId,
  { hash, size }: BlockRef,
  bytes: Uint8Array,
  compressed?: CompressedBlock,
): Promise<StoreOutcome> {
  const db = shardAt(shards, shardOf(hash, shards.length));
  const state = await reserve(db, { hash, size }, clock.now());
  if (state === "deleting") return { type: "being-deleted" };
  const pays = compressed !== undefined && compressed.bytes.length < size;
  const stored: Stored = pays ? { encoding: "zstd", ...compressed } : { encoding: "identity", bytes, sha256: hash };
  const stands = state === "pending" ? await putOnce(bucket, { hash, size }, stored) : undefined;
  const leased = await lease(db, user, hash, stands, clock.now());
  return leased ? { type: "stored", sent: state === "pending" } : { type: "being-deleted" };
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

/** What stands in the bucket, in which form. */
type Stands = { readonly encoding: BlockEncoding; readonly storedBytes: number };

/**
 * Two uploaders of one block meet at the bucket, which takes one write a second for a key and refuses the other. What stands
 * there is right whoever won, and says itself how it is encoded, since both verified it and the bucket verifies every write.
 */
async function putOnce(bucket: BucketWriter, { hash, size }: BlockRef, { encoding, bytes, sha256 }: Stored): Promise<Stands> {
  try {
    await bucket.put(blockKey(hash), bytes, { sha256, customMetadata: metadataOf({ encoding, size }) });
    return { encoding, storedBytes: bytes.length };
  } catch (error) {
    const stands = await bucket.head(blockKey(hash));
    if (stands === null || formOf(stands).size !== size) throw error;
    return { encoding: formOf(stands).encoding, storedBytes: stands.size };
  }
}

/** False if the block went on its way out meanwhile. `stands` is written down by the first alone: it is a note, for statistics. */
async function lease(db: Database, user: UserId, hash: string, stands: Stands | undefined, now: number): Promise<boolean> {
  const [, , held] = await db.batch([
    db
      .prepare(
        "UPDATE blocks SET state = 'stored', encoding = coalesce(?2, encoding), stored_size = coalesce(?3, size) WHERE hash = ?1 AND state = 'pending'",
      )
      .bind(hash, stands?.encoding ?? null, stands?.storedBytes ?? null),
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
