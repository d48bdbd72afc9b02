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
import type { BlockEncoding } from "@ashlar/shared/protocol/block";
import type { BucketWriter, Clock, Database, Sleep } from "../ports.ts";
import { shardAt } from "./block-index.ts";
import { leaseBlock } from "./lease.ts";
import { shardOf } from "./shards.ts";
import { formOf, metadataOf } from "./stored-form.ts";

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

/** The form is a note, of the last who wrote: only the object itself is certain to tell. */
const markStoredSql = `UPDATE blocks SET state = 'stored', encoding = ?2, stored_size = ?3
  WHERE hash = ?1 AND state <> 'deleting'`;

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
 * content of `compressed`, which is stored instead if it is smaller. `sentBytes` is for the user's accounts: of the body or frame
 * that the block came in.
 */
export async function storeBlock(
  { shards, bucket, clock, sleep }: BlockStorePorts,
  user: UserId,
  { hash, size }: BlockRef,
  bytes: Uint8Array,
  compressed?: CompressedBlock,
  sentBytes: number = (compressed?.bytes ?? bytes).length,
): Promise<StoreOutcome> {
  const db = shardAt(shards, shardOf(hash, shards.length));
  const { state, is_mine } = await reserve(db, user, { hash, size }, clock.now());
  if (state === "deleting") return { type: "being-deleted" };
  const pays = compressed !== undefined && compressed.bytes.length < size;
  const stored: Stored = pays ? { encoding: "zstd", ...compressed } : { encoding: "identity", bytes, sha256: hash };
  const isDamaged = state === "damaged";
  const stands = is_mine === 0 ? await putOnce({ bucket, sleep }, { hash, size }, { ...stored, isDamaged }) : undefined;
  // Only by who has put the bytes: what the scrub has found damaged since stays so for all others.
  const markStored = stands && [db.prepare(markStoredSql).bind(hash, stands.encoding, stands.storedBytes)];
  const leased = await leaseBlock(db, { user, hash, now: clock.now(), sentBytes }, markStored ?? []);
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

/** What stands in the bucket, in which form. */
type Stands = { readonly encoding: BlockEncoding; readonly storedBytes: number };

/**
 * Many who send one block at once meet at the bucket, which refuses all but one in a second. What stands there then is right
 * whoever won, and says itself how it is encoded, since each has verified his form and the bucket verifies every write; while
 * nothing does, the winner is still at it, or has failed. In place of a damaged object nothing but a write that succeeded will do.
 */
async function putOnce(
  { bucket, sleep }: Pick<BlockStorePorts, "bucket" | "sleep">,
  { hash, size }: BlockRef,
  { encoding, bytes, sha256, isDamaged }: Stored & { readonly isDamaged: boolean },
): Promise<Stands> {
  const key = blockKey(hash);
  const options = { sha256, customMetadata: metadataOf({ encoding, size }) };
  const standing = async () => (isDamaged ? undefined : objectOf(bucket, { hash, size }));
  for (let writes = 1; ; writes++) {
    try {
      await bucket.put(key, bytes, options);
      return { encoding, storedBytes: bytes.length };
    } catch (error) {
      const stands = await standing();
      if (stands !== undefined) return stands;
      if (writes === writesMax || !(error instanceof Error && tooSoon.test(error.message))) throw error;
    }
    await sleep(writeAgainMs);
    const stands = await standing();
    if (stands !== undefined) return stands;
  }
}

/** Undefined unless there is an object that says it is of so many plain bytes. */
async function objectOf(bucket: BucketWriter, { hash, size }: BlockRef): Promise<Stands | undefined> {
  const object = await bucket.head(blockKey(hash));
  if (object === null || formOf(object).size !== size) return undefined;
  return { encoding: formOf(object).encoding, storedBytes: object.size };
}
