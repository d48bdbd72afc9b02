/** Packs of which less than a quarter is in use: what lives is copied into a new one, and the old ones end. */
import type { PackId, UserId } from "@ashlar/shared/ids";
import { leaseMs, packBytesMax, packRewriteMs } from "@ashlar/shared/limits";
import { storePack } from "../../blocks/packs.ts";
import { ReadBatch } from "../../namespace/bulk.ts";
import { type Fence, passFence, readFence } from "./fence.ts";
import { liveBlocksSql, moveInto, type PlacedRow, readPlaced } from "./placed-blocks.ts";
import type { TendDeps } from "./types.ts";

type PackRow = { readonly pack: PackId; readonly size: number; readonly live: number };
export type RewritePlan = { readonly fence: Fence; readonly packs: readonly PackRow[] };

/** The live bytes of all fit one new pack. */
const mostlyDeadSql = `
  SELECT pack, size, live FROM (
    SELECT pack_id AS pack, size, live_bytes AS live, sum(live_bytes) OVER (ORDER BY pack_id) AS liveSoFar FROM packs
    WHERE user_id = ?1 AND live_bytes > 0 AND live_bytes * 4 < size AND created_at <= ?2 AND lost_at IS NULL
  ) WHERE liveSoFar <= ${packBytesMax} ORDER BY pack LIMIT ?3`;
/** Addresses of the old pack that are out are good for a while, and so is its object. */
const endPacksSql = `
  UPDATE packs SET live_bytes = 0, delete_after = ?3 WHERE (user_id, pack_id) IN (SELECT ?2, value FROM json_each(?1))`;

export async function planRewrite(
  { db }: TendDeps,
  { user, now, packs }: { user: UserId; now: number; packs: number },
): Promise<RewritePlan | undefined> {
  const batch = new ReadBatch(db);
  const fences = batch.add<Fence>(readFence(db, user));
  const rows = batch.add<PackRow>(db.prepare(mostlyDeadSql).bind(user, now - packRewriteMs, packs));
  await batch.run();
  const [fence] = fences();
  return fence === undefined ? undefined : { fence, packs: rows() };
}

/** Answers the packs with blocks that are not what their names say: then everything stays as it is. */
export async function rewritePacks(
  deps: TendDeps,
  { user, now }: { user: UserId; now: number },
  { fence, packs }: RewritePlan,
): Promise<{ damaged: readonly PackId[] }> {
  if (packs.length === 0) return { damaged: [] };
  const { db, bucket, random } = deps;
  const json = JSON.stringify(packs.map(({ pack }) => pack));
  const { results: placed } = await db.prepare(liveBlocksSql).bind(json, user).all<PlacedRow>();
  const { blocks, lost } = await readPlaced(deps, user, placed);
  if (lost.length > 0) return { damaged: [...new Set(lost.map(({ pack }) => pack))] };
  const made = await storePack(bucket, user, blocks, random);
  await db.batch([passFence(db, user, fence), ...moveInto(db, user, made, now), db.prepare(endPacksSql).bind(json, user, now + leaseMs)]);
  return { damaged: [] };
}
