/** What a commit means for its user's blocks: what must be held, what is missing, and the rows of `user_blocks` and `packs`. */
import type { BlockHash, PackId } from "@ashlar/shared/ids";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Pack } from "../blocks/types.ts";
import type { BlockRow, NewVersion } from "./admit.ts";

/** Enough to send the next batch of blocks; the device then asks check about the rest. */
export const missingHashesMax = 1000;

/** A block as this user has it: on its own, or in a pack. */
export type PlacedBlock = { readonly hash: BlockHash; readonly size: number; readonly pack: PackId | null; readonly offset: number | null };

export type PackRow = { readonly id: PackId; readonly size: number; readonly liveBytes: number };

export type BlockPlan = {
  /** Large blocks that none of this user's versions used until now. */
  readonly holds: readonly BlockRef[];
  /** Small blocks that are nowhere. */
  readonly missing: readonly BlockHash[];
  /** References to add; a row with none only says where a packed block is. */
  readonly rows: readonly (PlacedBlock & { readonly refs: number })[];
  readonly packs: readonly PackRow[];
  /** Bytes that come back to life in packs that were stored before. */
  readonly revived: ReadonlyMap<PackId, number>;
};

/** Throws a ProblemError `bad-manifest` if a block is not of the size that this user's other versions say. */
export function planBlocks(versions: readonly NewVersion[], packs: readonly Pack[], known: ReadonlyMap<BlockHash, BlockRow>): BlockPlan {
  const places = placesOf(packs, known);
  const uses = usesOf(versions);
  const holds: BlockRef[] = [];
  const missing: BlockHash[] = [];
  const rows: (PlacedBlock & { refs: number })[] = [];
  for (const [hash, { size, refs }] of uses) {
    const place = places.get(hash);
    if (place !== undefined && place.size !== size) {
      throw new ProblemError("bad-manifest", `The block ${hash} has ${place.size} bytes, not ${size}.`);
    }
    if (size > packBlockBytesMax) {
      if ((known.get(hash)?.refs ?? 0) === 0) holds.push({ hash, size });
    } else if (place?.pack === undefined || place.pack === null) {
      missing.push(hash);
    }
    rows.push({ hash, size, refs, pack: place?.pack ?? null, offset: place?.offset ?? null });
  }
  for (const place of places.values()) {
    if (!uses.has(place.hash) && !known.has(place.hash)) rows.push({ ...place, refs: 0 });
  }
  return { holds, missing, rows, ...packEffects(packs, rows, known) };
}

/** Where blocks are: the place known first counts, so that a block sent twice has one address; a lost one has none. */
function placesOf(packs: readonly Pack[], known: ReadonlyMap<BlockHash, BlockRow>): Map<BlockHash, PlacedBlock> {
  const places = new Map<BlockHash, PlacedBlock>();
  for (const { hash, size, pack, packOffset } of known.values()) places.set(hash, { hash, size, pack, offset: packOffset });
  for (const pack of packs) {
    for (const { hash, size, offset } of pack.blocks) {
      if ((places.get(hash)?.pack ?? null) === null) places.set(hash, { hash, size, pack: pack.id, offset });
    }
  }
  return places;
}

/** A version counts once for a block, however often it repeats it (I8). */
function usesOf(versions: readonly NewVersion[]): Map<BlockHash, { size: number; refs: number }> {
  const uses = new Map<BlockHash, { size: number; refs: number }>();
  for (const { blocks } of versions) {
    for (const [hash, size] of new Map(blocks.map((block) => [block.hash, block.size]))) {
      uses.set(hash, { size, refs: (uses.get(hash)?.refs ?? 0) + 1 });
    }
  }
  return uses;
}

function packEffects(packs: readonly Pack[], rows: BlockPlan["rows"], known: ReadonlyMap<BlockHash, BlockRow>) {
  const arriving = new Set(packs.map(({ id }) => id));
  const liveBytes = new Map<PackId, number>();
  const revived = new Map<PackId, number>();
  for (const { hash, size, refs, pack } of rows) {
    const before = known.get(hash);
    const isPlaced = before !== undefined && before.pack !== null;
    if (pack === null || refs === 0 || (isPlaced && before.refs > 0)) continue;
    const bytes = arriving.has(pack) && !isPlaced ? liveBytes : revived;
    bytes.set(pack, (bytes.get(pack) ?? 0) + size);
  }
  return { packs: packs.map(({ id, size }) => ({ id, size, liveBytes: liveBytes.get(id) ?? 0 })), revived };
}
