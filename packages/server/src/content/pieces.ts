/** A run of blocks as pieces to fetch: large blocks each on its own, small ones by ranges of their packs. */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { packBlockBytesMax, packGapBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { packKey } from "../blocks/packs.ts";
import type { Database, Sha256 } from "../ports.ts";
import type { Piece } from "./read-ahead.ts";

/** The content as it is stored is not what its name says, or not there: nothing of it may be handed on. */
export class DamagedContentError extends Error {
  override readonly name = "DamagedContentError";
}

export type BlockReader = {
  /** A block of its own, verified. */
  block(user: UserId, block: BlockRef): Promise<Uint8Array>;
  /** A part of a pack, as it is. */
  packed(key: string, range: { readonly offset: number; readonly length: number }): Promise<Uint8Array>;
};

export type PiecePorts = { readonly db: Database; readonly reader: BlockReader; readonly sha256: Sha256 };

/** Blocks whose places are asked for at once. */
const windowBlocks = 1000;
/** Of one range of a pack. */
const runBytesMax = 1024 * 1024;

/**
 * Pieces of one or more blocks in order; all of a piece's blocks come from the same object. A block that follows itself, as in a
 * file with a hole, is fetched once.
 */
export async function* piecesOf(ports: PiecePorts, user: UserId, blocks: Iterable<BlockRef>): AsyncGenerator<Piece<readonly Uint8Array[]>> {
  for (const window of windowsOf(blocks)) {
    const places = await placesOf(ports.db, user, window);
    for (const run of runsOf(window, places)) yield pieceOf(ports, user, run);
  }
}

function* windowsOf(blocks: Iterable<BlockRef>): Generator<BlockRef[]> {
  let window: BlockRef[] = [];
  for (const block of blocks) {
    window.push(block);
    if (window.length < windowBlocks) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

type Place = { readonly pack: PackId; readonly offset: number };
type PlaceRow = Place & { readonly hash: BlockHash };

const placesSql = `
  SELECT b.hash, b.pack_id AS pack, b.pack_offset AS offset FROM json_each(?1) j
  CROSS JOIN user_blocks b ON b.user_id = ?2 AND b.hash = j.value WHERE b.pack_id IS NOT NULL`;

async function placesOf(db: Database, user: UserId, blocks: readonly BlockRef[]): Promise<Map<BlockHash, Place>> {
  const small = new Set(blocks.filter(({ size }) => size <= packBlockBytesMax).map(({ hash }) => hash));
  if (small.size === 0) return new Map();
  const { results } = await db
    .prepare(placesSql)
    .bind(JSON.stringify([...small]), user)
    .all<PlaceRow>();
  return new Map(results.map(({ hash, ...place }) => [hash, place]));
}

type Run = { readonly blocks: BlockRef[]; readonly pack: PackId | undefined; from: number; to: number };

function* runsOf(blocks: readonly BlockRef[], places: ReadonlyMap<BlockHash, Place>): Generator<Run & { offsets: readonly number[] }> {
  let run: (Run & { offsets: number[] }) | undefined;
  for (const block of blocks) {
    const place = places.get(block.hash);
    if (place === undefined && block.size <= packBlockBytesMax) throw new DamagedContentError(`block ${block.hash} is in no pack`);
    if (run === undefined || !extend(run, block, place)) {
      if (run !== undefined) yield run;
      const from = place?.offset ?? 0;
      run = { blocks: [block], pack: place?.pack, from, to: from + block.size, offsets: [from] };
    }
  }
  if (run !== undefined) yield run;
}

/** Whether the block lies near enough behind the run's, or in it. */
function extend(run: Run & { offsets: number[] }, block: BlockRef, place: Place | undefined): boolean {
  const [first] = run.blocks;
  const offset = place?.offset ?? 0;
  const fits =
    place === undefined
      ? run.pack === undefined && first?.hash === block.hash
      : run.pack === place.pack &&
        offset >= run.from &&
        offset <= run.to + packGapBytesMax &&
        offset + block.size - run.from <= runBytesMax;
  if (!fits) return false;
  run.blocks.push(block);
  run.offsets.push(offset);
  run.to = Math.max(run.to, offset + block.size);
  return true;
}

function pieceOf(
  { reader, sha256 }: PiecePorts,
  user: UserId,
  { blocks, pack, from, to, offsets }: Run & { offsets: readonly number[] },
): Piece<readonly Uint8Array[]> {
  const [first] = blocks;
  if (first === undefined) throw new RangeError("a run has a block");
  if (pack === undefined) {
    return {
      bytes: first.size,
      async read() {
        const bytes = await reader.block(user, first);
        return blocks.map(() => bytes);
      },
    };
  }
  return {
    bytes: to - from,
    async read() {
      const bytes = await reader.packed(packKey(user, pack), { offset: from, length: to - from });
      return blocks.map(({ hash, size }, index) => {
        const at = (offsets[index] ?? 0) - from;
        const block = bytes.subarray(at, at + size);
        if (toHex(sha256(block)) !== hash) throw new DamagedContentError(`the pack ${pack} does not hold block ${hash}`);
        return block;
      });
    },
  };
}
