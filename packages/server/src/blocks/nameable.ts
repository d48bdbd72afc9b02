/** Which blocks a user may name, as a base or for a signature, and where their bytes are. */
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import type { Clock, Database, SqlValue } from "../ports.ts";
import { createBlockIndex } from "./block-index.ts";
import { packKey } from "./packs.ts";
import { type BlockReadPorts, type PlainBlock, readUnverifiedBlock } from "./read-block.ts";

/** A block of its own, or `size` bytes of a pack. */
export type BlockPlace =
  | { readonly hash: BlockHash; readonly pack: null }
  | { readonly hash: BlockHash; readonly pack: { readonly key: string; readonly offset: number; readonly size: number } };

export type NameablePorts = { readonly shards: readonly Database[]; readonly db: Database; readonly clock: Clock };

type PackedRow = { readonly hash: BlockHash; readonly size: number; readonly pack: PackId; readonly offset: number };

/** As `haveSmallBlocks` sees it, but without protecting anything: reading takes no time. */
const packedSql = `
  SELECT b.hash, b.size, b.pack_id AS pack, b.pack_offset AS offset
  FROM json_each(?1) j CROSS JOIN user_blocks b ON b.user_id = ?2 AND b.hash = j.value
  CROSS JOIN packs p ON p.user_id = b.user_id AND p.pack_id = b.pack_id
  WHERE (p.delete_after IS NULL OR p.delete_after > ?3) AND p.lost_at IS NULL`;

/**
 * The places of those blocks that this user has: held or leased by him in the index, or in a pack of his. Whoever else has the
 * others, they are left out: a difference to nobody's block and one to somebody else's look alike (I2). Without a size a block is
 * looked for in both.
 */
export async function placeNameable(
  { shards, db, clock }: NameablePorts,
  user: UserId,
  blocks: readonly { readonly hash: BlockHash; readonly size?: number }[],
): Promise<Map<BlockHash, BlockPlace>> {
  const hashesOf = (isWanted: (size: number) => boolean) => [
    ...new Set(blocks.filter(({ size }) => size === undefined || isWanted(size)).map(({ hash }) => hash)),
  ];
  const large = hashesOf((size) => size > packBlockBytesMax);
  const small = hashesOf((size) => size <= packBlockBytesMax);
  const [held, packed] = await Promise.all([
    createBlockIndex({ shards, clock }).have(user, large),
    placePacked({ db, clock }, user, small),
  ]);
  const places = large.filter((hash) => held.has(hash)).map((hash): [BlockHash, BlockPlace] => [hash, { hash, pack: null }]);
  return new Map([...places, ...packed]);
}

async function placePacked(
  { db, clock }: Pick<NameablePorts, "db" | "clock">,
  user: UserId,
  hashes: readonly BlockHash[],
): Promise<[BlockHash, BlockPlace][]> {
  if (hashes.length === 0) return [];
  const values: SqlValue[] = [JSON.stringify(hashes), user, clock.now()];
  const { results } = await db
    .prepare(packedSql)
    .bind(...values)
    .all<PackedRow>();
  return results.map(({ hash, size, pack, offset }) => [hash, { hash, pack: { key: packKey(user, pack), offset, size } }]);
}

/** The plain bytes as they are stored, not verified. */
export async function readPlace(ports: BlockReadPorts, { hash, pack }: BlockPlace): Promise<PlainBlock> {
  if (pack === null) return readUnverifiedBlock(ports, hash);
  const { key, offset, size } = pack;
  const object = await ports.bucket.get(key, { range: { offset, length: size } });
  if (object === null) return { state: "missing" };
  const bytes = new Uint8Array(await object.arrayBuffer());
  return bytes.length === size ? { state: "whole", bytes } : { state: "damaged" };
}
