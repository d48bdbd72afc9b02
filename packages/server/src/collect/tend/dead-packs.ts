/** Packs that nothing has used for 72 hours. */
import type { PackId, UserId } from "@ashlar/shared/ids";
import { packKey } from "../../blocks/packs.ts";
import { ReadBatch } from "../../namespace/bulk.ts";
import { type Fence, passFence, readFence } from "./fence.ts";
import type { TendDeps } from "./types.ts";

type PackRow = { readonly pack: PackId; readonly size: number };
export type DeadPacks = { readonly fence: Fence; readonly packs: readonly PackRow[] };

const deadSql = "SELECT pack_id AS pack, size FROM packs WHERE user_id = ?1 AND delete_after <= ?2 ORDER BY pack_id LIMIT ?3";
/** No row of a block in use says one of these packs, since their `live_bytes` are 0 (I8). */
const deleteBlocksSql = `
  DELETE FROM user_blocks WHERE user_id = ?2 AND refs = 0 AND pack_id IN (SELECT value FROM json_each(?1))`;
const deletePacksSql = `
  DELETE FROM packs WHERE (user_id, pack_id) IN (SELECT ?2, value FROM json_each(?1)) AND delete_after <= ?3`;

export async function planDeadPacks(
  { db }: TendDeps,
  { user, now, packs }: { user: UserId; now: number; packs: number },
): Promise<DeadPacks | undefined> {
  const batch = new ReadBatch(db);
  const fences = batch.add<Fence>(readFence(db, user));
  const rows = batch.add<PackRow>(db.prepare(deadSql).bind(user, now, packs));
  await batch.run();
  const [fence] = fences();
  return fence === undefined ? undefined : { fence, packs: rows() };
}

/**
 * The rows first, in a batch that no commit straddles: one that has read them fails and finds the blocks missing. Then the objects;
 * if that is cut, they are strays, and no other pack ever gets their names.
 */
export async function deleteDeadPacks({ db, bucket }: TendDeps, user: UserId, now: number, { fence, packs }: DeadPacks): Promise<void> {
  if (packs.length === 0) return;
  const json = JSON.stringify(packs.map(({ pack }) => pack));
  await db.batch([
    passFence(db, user, fence),
    db.prepare(deleteBlocksSql).bind(json, user),
    db.prepare(deletePacksSql).bind(json, user, now),
  ]);
  await bucket.delete(packs.map(({ pack }) => packKey(user, pack)));
}
