/**
 * Deltas that are kept a while for the other devices of the user who sent them. They are his alone: that a block has been made from
 * another one is nobody else's business. Losing one costs a device the difference to the whole block, nothing else.
 */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { deltaMs, deltaSavedBytesMin, deltaShareMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BucketWriter, Database, Statement } from "../ports.ts";

/** A frame of `size` bytes in the bucket, that makes `target` of all of the bases. */
export type KeptDelta = { readonly target: BlockHash; readonly bases: readonly BlockHash[]; readonly size: number };

/** Where a kept delta is, and its name in a signed address. */
export function deltaKey(user: string, name: string): string {
  return `d/${user}/${name}`;
}

export function deltaName({ target, bases: [base] }: KeptDelta): string {
  if (base === undefined) throw new RangeError("a delta has a base");
  return `${target}/${base}`;
}

/** Small blocks come along in a range of a pack with others: a delta of one would be an object for a few kilobytes. */
export function isWorthKeeping({ size }: BlockRef, frameBytes: number): boolean {
  return size > packBlockBytesMax && frameBytes <= size * deltaShareMax && size - frameBytes >= deltaSavedBytesMin;
}

/** The object. No row knows it yet; without one the bucket's lifecycle removes it, or the collector. */
export async function putDelta(bucket: BucketWriter, user: UserId, kept: KeptDelta, frame: Uint8Array): Promise<void> {
  await bucket.put(deltaKey(user, deltaName(kept)), frame);
}

/** In one answer; those of other blocks are answered when asked for alone. */
const deltasReadMax = 1000;

const recordSql = `
  INSERT INTO deltas (user_id, target, base, bases, size, created_at)
  SELECT ?2, value->>0, value->>1, value->>2, value->>3, ?3 FROM json_each(?1) WHERE true
  ON CONFLICT (user_id, target, base) DO UPDATE SET bases = excluded.bases, size = excluded.size, created_at = excluded.created_at`;

/** Writes down that the deltas are kept, from now on: a statement for a batch, none for no deltas. `now` is ms since 1970. */
export function recordDeltas(db: Database, user: UserId, deltas: readonly KeptDelta[], now: number): Statement[] {
  if (deltas.length === 0) return [];
  const rows = deltas.map(({ target, bases, size }) => [target, bases[0], bases, size]);
  return [db.prepare(recordSql).bind(JSON.stringify(rows), user, now)];
}

export async function saveDeltas(db: Database, user: UserId, deltas: readonly KeptDelta[], now: number): Promise<void> {
  if (deltas.length > 0) await db.batch(recordDeltas(db, user, deltas, now));
}

/** `target`, `bases` (JSON) and `size` of the deltas of the blocks in ?1 of the user ?2, made after ?3: {@link keptSince}. */
export const keptDeltasSql = `
  SELECT d.target, d.bases, d.size FROM json_each(?1) j CROSS JOIN deltas d ON d.user_id = ?2 AND d.target = j.value
  WHERE d.created_at > ?3 LIMIT ${deltasReadMax}`;

export type KeptDeltaRow = { readonly target: BlockHash; readonly bases: string; readonly size: number };

export function keptDeltaOf({ target, bases, size }: KeptDeltaRow): KeptDelta {
  return { target, bases: JSON.parse(bases) as BlockHash[], size };
}

/** Those of one block. `now` is ms since 1970. */
export async function keptDeltasOf(db: Database, user: UserId, target: BlockHash, now: number): Promise<KeptDelta[]> {
  const found = await db
    .prepare(keptDeltasSql)
    .bind(JSON.stringify([target]), user, keptSince(now))
    .all<KeptDeltaRow>();
  return found.results.map(keptDeltaOf);
}

/** Deltas made before then may be gone from the bucket. Both in ms since 1970. */
export function keptSince(now: number): number {
  return now - deltaMs;
}

const pruneSql = `
  DELETE FROM deltas WHERE (user_id, target, base) IN (
    SELECT user_id, target, base FROM deltas WHERE created_at <= ?1 LIMIT ?2
  ) RETURNING user_id AS user, target, base`;

/** How many deltas' time is over, up to `rowsMax`. */
export async function countOldDeltas(db: Database, { now, rowsMax }: { now: number; rowsMax: number }): Promise<number> {
  const counted = await db
    .prepare("SELECT count(*) AS old FROM (SELECT 1 FROM deltas WHERE created_at <= ?1 LIMIT ?2)")
    .bind(keptSince(now), rowsMax)
    .first<{ old: number }>();
  return counted?.old ?? 0;
}

/**
 * Drops the rows of deltas whose time is over, at most `rowsMax`, and answers the keys of their objects for deletion. Where the
 * bucket has a lifecycle rule for `d/` they are gone anyway.
 */
export async function pruneDeltas(db: Database, { now, rowsMax }: { now: number; rowsMax: number }): Promise<string[]> {
  const { results } = await db.prepare(pruneSql).bind(keptSince(now), rowsMax).all<{ user: string; target: string; base: string }>();
  return results.map(({ user, target, base }) => deltaKey(user, `${target}/${base}`));
}
