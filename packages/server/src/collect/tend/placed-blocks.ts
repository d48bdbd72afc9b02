/** The live blocks of packs, read and verified, and moved into another pack. */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { packKey, type SmallBlock } from "../../blocks/packs.ts";
import type { Pack } from "../../blocks/types.ts";
import { bulk } from "../../namespace/bulk.ts";
import type { Database, Statement } from "../../ports.ts";
import type { TendDeps } from "./types.ts";

export type PlacedRow = { readonly hash: BlockHash; readonly size: number; readonly pack: PackId; readonly offset: number };

export const liveBlocksSql = `
  SELECT hash, size, pack_id AS pack, pack_offset AS "offset" FROM user_blocks
  WHERE user_id = ?2 AND refs > 0 AND pack_id IN (SELECT value FROM json_each(?1)) ORDER BY pack_id, pack_offset`;
const newPackSql = "INSERT INTO packs (user_id, pack_id, size, live_bytes, created_at) VALUES (?1, ?2, ?3, ?3, ?4)";
const moveBlocksSql = `
  UPDATE user_blocks SET pack_id = ?2, pack_offset = j.value->>1 FROM json_each(?1) j
  WHERE user_id = j.value->>2 AND hash = j.value->>0`;

/** `lost` are missing, or do not hash to their names. One pack in memory at a time. */
export async function readPlaced(
  { bucket, sha256 }: TendDeps,
  user: UserId,
  placed: readonly PlacedRow[],
): Promise<{ blocks: SmallBlock[]; lost: PlacedRow[] }> {
  const blocks: SmallBlock[] = [];
  const lost: PlacedRow[] = [];
  for (const [pack, rows] of Map.groupBy(placed, (row) => row.pack)) {
    const object = await bucket.get(packKey(user, pack));
    const bytes = object === null ? new Uint8Array() : new Uint8Array(await object.arrayBuffer());
    for (const row of rows) {
      const { hash, size, offset } = row;
      const block = bytes.slice(offset, offset + size);
      if (toHex(sha256(block)) === hash) blocks.push({ hash, size, bytes: block });
      else lost.push(row);
    }
  }
  return { blocks, lost };
}

/** Statements for a batch behind a fence. */
export function moveInto(db: Database, user: UserId, made: Pack, now: number): Statement[] {
  return [
    db.prepare(newPackSql).bind(user, made.id, made.size, now),
    ...bulk(
      db,
      moveBlocksSql,
      made.blocks.map(({ hash, offset }) => [hash, offset, user]),
      made.id,
    ),
  ];
}
