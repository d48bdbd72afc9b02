/** Which database knows a block, and statements that take many blocks at once. */
import type { BlockHash } from "@ashlar/shared/ids";

/** A parameter is at most 2,000,000 bytes; a block in one takes about 100. */
const blocksPerStatementMax = 10_000;

/** By the hash's first byte, so up to 256 shards. */
export function shardOf(hash: BlockHash, shardCount: number): number {
  return Number.parseInt(hash.slice(0, 2), 16) % shardCount;
}

/** The items by shard, each group small enough for one JSON parameter. */
export function groupByShard<Item>(
  items: readonly Item[],
  hashOf: (item: Item) => BlockHash,
  shardCount: number,
): { shard: number; items: Item[] }[] {
  const groups = Map.groupBy(items, (item) => shardOf(hashOf(item), shardCount));
  return [...groups].flatMap(([shard, all]) => pieces(all).map((piece) => ({ shard, items: piece })));
}

function pieces<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / blocksPerStatementMax);
  return Array.from({ length: count }, (_, index) => items.slice(index * blocksPerStatementMax, (index + 1) * blocksPerStatementMax));
}
