/** A user's small blocks, on his meta shard: which he has, and the rows of those sent on their own. */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { leaseMs, prolongedMs } from "@ashlar/shared/limits";
import type { Clock, Database } from "../ports.ts";
import type { Pack } from "./types.ts";

type Ports = { readonly db: Database; readonly clock: Clock };

/** A pack that nothing refers to is usable until its time has come: then the collector may be at it. */
const usablePack = "(p.delete_after IS NULL OR p.delete_after > ?3) AND p.lost_at IS NULL";
/** Blocks of `?1` that versions use and whose bytes were lost. */
const lostBlocks = `
  SELECT u.size FROM json_each(?1) j CROSS JOIN user_blocks u ON u.user_id = ?2 AND u.hash = j.value ->> 'hash'
  CROSS JOIN packs p ON p.user_id = u.user_id AND p.pack_id = u.pack_id WHERE u.refs > 0 AND p.lost_at IS NOT NULL`;
/** As another writer would: a commit that has read where the blocks were fails, and reads again. */
const fenceSql = `UPDATE namespaces SET generation = generation + 1 WHERE user_id = ?2 AND EXISTS (${lostBlocks})`;
const insertPackSql = `
  INSERT INTO packs (user_id, pack_id, size, live_bytes, created_at, delete_after)
  SELECT ?2, ?3, ?4, live, ?5, CASE WHEN live = 0 THEN ?6 END FROM (SELECT coalesce(sum(size), 0) AS live FROM (${lostBlocks}))`;
const placeBlocksSql = `
  INSERT INTO user_blocks (user_id, hash, size, refs, pack_id, pack_offset)
  SELECT ?2, value ->> 'hash', value ->> 'size', 0, ?4, value ->> 'offset' FROM json_each(?1) WHERE true
  ON CONFLICT (user_id, hash) DO UPDATE SET pack_id = excluded.pack_id, pack_offset = excluded.pack_offset
  WHERE NOT EXISTS (SELECT 1 FROM packs p
    WHERE p.user_id = user_blocks.user_id AND p.pack_id = user_blocks.pack_id AND ${usablePack})`;

/** Which of these the user has; their packs are protected from collection for 72 hours from now. */
export async function haveSmallBlocks({ db, clock }: Ports, user: UserId, hashes: readonly BlockHash[]): Promise<Set<BlockHash>> {
  if (hashes.length === 0) return new Set();
  const now = clock.now();
  const json = JSON.stringify(hashes);
  const [, found] = await db.batch<{ hash: BlockHash }>([
    db
      .prepare(
        `UPDATE packs SET delete_after = ?4 + ${prolongedMs} WHERE user_id = ?2 AND delete_after > ?3 AND delete_after < ?4 AND pack_id IN
         (SELECT pack_id FROM user_blocks WHERE user_id = ?2 AND hash IN (SELECT value FROM json_each(?1)))`,
      )
      .bind(json, user, now, now + leaseMs),
    db
      .prepare(
        `SELECT u.hash FROM user_blocks u JOIN packs p ON p.user_id = u.user_id AND p.pack_id = u.pack_id
         WHERE u.user_id = ?2 AND u.hash IN (SELECT value FROM json_each(?1)) AND ${usablePack}`,
      )
      .bind(json, user, now),
  ]);
  return new Set(found?.results.map((row) => row.hash));
}

/**
 * Writes the rows of a stored pack that no version refers to yet, protected for 72 hours. A block that is in another usable pack
 * already stays there, and its bytes in this one are dead; one that was lost is whole again, with all that refers to it.
 */
export async function recordPack({ db, clock }: Ports, user: UserId, pack: Pack): Promise<void> {
  const now = clock.now();
  const json = JSON.stringify(pack.blocks);
  await db.batch([
    db.prepare(fenceSql).bind(json, user),
    db.prepare(insertPackSql).bind(json, user, pack.id, pack.size, now, now + leaseMs),
    db.prepare(placeBlocksSql).bind(json, user, now, pack.id),
  ]);
}
