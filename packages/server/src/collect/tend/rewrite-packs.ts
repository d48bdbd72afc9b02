/** Packs of which less than a quarter is in use: what lives is copied into a new one, and the old ones end. */
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { toHex } from "@ashlar/shared/encoding";
import { leaseMs, packBytesMax, packRewriteMs } from "@ashlar/shared/limits";
import { packKey, type SmallBlock, storePack } from "../../blocks/packs.ts";
import { bulk, ReadBatch } from "../../namespace/bulk.ts";
import { type Fence, passFence, readFence } from "./fence.ts";
import type { TendDeps } from "./types.ts";

type PackRow = { readonly pack: PackId; readonly size: number; readonly live: number };
type PlacedRow = { readonly hash: BlockHash; readonly size: number; readonly pack: PackId; readonly offset: number };
export type RewritePlan = { readonly fence: Fence; readonly packs: readonly PackRow[] };

/** The live bytes of all fit one new pack. */
const mostlyDeadSql = `
  SELECT pack, size, live FROM (
    SELECT pack_id AS pack, size, live_bytes AS live, sum(live_bytes) OVER (ORDER BY pack_id) AS liveSoFar FROM packs
    WHERE user_id = ?1 AND live_bytes > 0 AND live_bytes * 4 < size AND created_at <= ?2
  ) WHERE liveSoFar <= ${packBytesMax} ORDER BY pack LIMIT ?3`;
const liveBlocksSql = `
  SELECT hash, size, pack_id AS pack, pack_offset AS "offset" FROM user_blocks
  WHERE user_id = ?2 AND refs > 0 AND pack_id IN (SELECT value FROM json_each(?1)) ORDER BY pack_id, pack_offset`;

const newPackSql = "INSERT INTO packs (user_id, pack_id, size, live_bytes, created_at) VALUES (?1, ?2, ?3, ?3, ?4)";
const moveBlocksSql = `
  UPDATE user_blocks SET pack_id = ?2, pack_offset = j.value->>1 FROM json_each(?1) j
  WHERE user_id = j.value->>2 AND hash = j.value->>0`;
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

/** Answers how many blocks were not what their names say: then everything stays as it is. */
export async function rewritePacks(
  deps: TendDeps,
  { user, now }: { user: UserId; now: number },
  { fence, packs }: RewritePlan,
): Promise<{ damaged: number }> {
  if (packs.length === 0) return { damaged: 0 };
  const { db, bucket, random } = deps;
  const json = JSON.stringify(packs.map(({ pack }) => pack));
  const { results: placed } = await db.prepare(liveBlocksSql).bind(json, user).all<PlacedRow>();
  const { blocks, damaged } = await readPlaced(deps, user, placed);
  if (damaged > 0) return { damaged };
  const made = await storePack(bucket, user, blocks, random);
  await db.batch([
    passFence(db, user, fence),
    db.prepare(newPackSql).bind(user, made.id, made.size, now),
    ...bulk(
      db,
      moveBlocksSql,
      made.blocks.map(({ hash, offset }) => [hash, offset, user]),
      made.id,
    ),
    db.prepare(endPacksSql).bind(json, user, now + leaseMs),
  ]);
  return { damaged: 0 };
}

/** One pack in memory at a time. */
async function readPlaced(
  { bucket, sha256 }: TendDeps,
  user: UserId,
  placed: readonly PlacedRow[],
): Promise<{ blocks: SmallBlock[]; damaged: number }> {
  const blocks: SmallBlock[] = [];
  let damaged = 0;
  for (const [pack, rows] of Map.groupBy(placed, (row) => row.pack)) {
    const object = await bucket.get(packKey(user, pack));
    const bytes = object === null ? new Uint8Array() : new Uint8Array(await object.arrayBuffer());
    for (const { hash, size, offset } of rows) {
      const block = bytes.slice(offset, offset + size);
      if (toHex(sha256(block)) === hash) blocks.push({ hash, size, bytes: block });
      else damaged += 1;
    }
  }
  return { blocks, damaged };
}
