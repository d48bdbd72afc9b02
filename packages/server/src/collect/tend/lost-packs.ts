/**
 * Packs whose bytes are missing or rotten. What is whole in one moves to a new pack; of the rest the pack is marked *lost*: its blocks
 * keep their references and count as absent, so that the user's devices are asked for them, and whoever sends one heals it.
 */
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import { storePack } from "../../blocks/packs.ts";
import { bulk, ReadBatch } from "../../namespace/bulk.ts";
import { type Fence, passFence, readFence } from "./fence.ts";
import { liveBlocksSql, moveInto, type PlacedRow, readPlaced } from "./placed-blocks.ts";
import type { TendDeps } from "./types.ts";

const knownSql = `SELECT lost_at AS lostAt, live_bytes AS live FROM packs WHERE user_id = ?2 AND pack_id IN (SELECT value FROM json_each(?1))`;
const loseSql = `
  UPDATE packs SET live_bytes = ?3, lost_at = CASE WHEN ?3 > 0 THEN coalesce(lost_at, ?4) END, delete_after = CASE WHEN ?3 = 0 THEN ?5 END
  WHERE user_id = ?1 AND pack_id = ?2`;
/** Blocks that were healed are elsewhere since, which no one told this row. */
const lostSql = `
  SELECT p.pack_id AS pack, p.live_bytes AS live, u.hash, u.size FROM packs p
  LEFT JOIN user_blocks u ON u.user_id = p.user_id AND u.pack_id = p.pack_id AND u.refs > 0
  WHERE p.user_id = ?1 AND p.lost_at IS NOT NULL ORDER BY p.pack_id`;
const recountSql = `
  UPDATE packs SET live_bytes = j.value->>1, delete_after = CASE WHEN j.value->>1 = 0 THEN ?2 END
  FROM json_each(?1) j WHERE user_id = j.value->>2 AND pack_id = j.value->>0`;

type Call = { readonly user: UserId; readonly now: number };

/** Looks at the packs itself, one after the other, and changes nothing of those that are whole. */
export async function losePacks(deps: TendDeps, { user, now }: Call, packs: readonly PackId[]): Promise<void> {
  const { db, bucket, random } = deps;
  for (const pack of packs) {
    const json = JSON.stringify([pack]);
    const batch = new ReadBatch(db);
    const fences = batch.add<Fence>(readFence(db, user));
    const known = batch.add<{ lostAt: number | null; live: number }>(db.prepare(knownSql).bind(json, user));
    const placed = batch.add<PlacedRow>(db.prepare(liveBlocksSql).bind(json, user));
    await batch.run();
    const [fence] = fences();
    const [row] = known();
    if (fence === undefined || row === undefined) continue;
    const { blocks, lost } = await readPlaced(deps, user, placed());
    if (lost.length === 0) continue;
    const lostBytes = lost.reduce((total, { size }) => total + size, 0);
    if (row.lostAt !== null && row.live === lostBytes) continue;
    const made = blocks.length === 0 ? undefined : await storePack(bucket, user, blocks, random);
    await db.batch([
      passFence(db, user, fence),
      ...(made === undefined ? [] : moveInto(db, user, made, now)),
      db.prepare(loseSql).bind(user, pack, lostBytes, now, now + leaseMs),
    ]);
  }
}

/** The blocks that are still wanted, of all lost packs; a pack from which the last was healed ends like any other. */
export async function recountLost({ db }: TendDeps, { user, now }: Call, hashesMax: number): Promise<BlockHash[]> {
  const batch = new ReadBatch(db);
  const fences = batch.add<Fence>(readFence(db, user));
  const rows = batch.add<{ pack: PackId; live: number; hash: BlockHash | null; size: number | null }>(db.prepare(lostSql).bind(user));
  await batch.run();
  const [fence] = fences();
  if (fence === undefined) return [];
  const changed = [...Map.groupBy(rows(), ({ pack }) => pack)].flatMap(([pack, blocks]) => {
    const bytes = blocks.reduce((total, { size }) => total + (size ?? 0), 0);
    return blocks[0]?.live === bytes ? [] : [[pack, bytes, user]];
  });
  if (changed.length > 0) await db.batch([passFence(db, user, fence), ...bulk(db, recountSql, changed, now + leaseMs)]);
  return rows()
    .flatMap(({ hash }) => hash ?? [])
    .slice(0, hashesMax);
}
