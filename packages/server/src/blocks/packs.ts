/** Packs: one object with many small blocks of one user, since a small block alone would cost a write of its own. */
import { newId, type PackId, type UserId } from "@ashlar/shared/ids";
import { packBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BucketWriter, RandomBytes } from "../ports.ts";
import type { Pack, PackedBlock } from "./types.ts";

/** A small block with its verified bytes. */
export type SmallBlock = BlockRef & { readonly bytes: Uint8Array };

/** Where a pack's object is. */
export function packKey(user: string, pack: string): string {
  return `p/${user}/${pack}`;
}

/**
 * Stores the blocks as one new object, at most `packBytesMax` in all. No row knows it yet: until a commit writes the rows it is
 * an object that the scrub may remove after 72 hours.
 */
export async function storePack(bucket: BucketWriter, user: UserId, blocks: readonly SmallBlock[], random: RandomBytes): Promise<Pack> {
  const size = blocks.reduce((total, block) => total + block.size, 0);
  if (size === 0 || size > packBytesMax) throw new RangeError(`a pack of ${size} bytes is not 1 byte to 4 MiB`);
  const body = new Uint8Array(size);
  const packed: PackedBlock[] = [];
  let offset = 0;
  for (const block of blocks) {
    body.set(block.bytes, offset);
    packed.push({ hash: block.hash, size: block.size, offset });
    offset += block.size;
  }
  const id = newId<PackId>(random);
  await bucket.put(packKey(user, id), body);
  return { id, size, blocks: packed };
}

/** The blocks in their order, in runs that fit one pack each. */
export function splitIntoPacks<Block extends BlockRef>(blocks: readonly Block[]): Block[][] {
  const packs: Block[][] = [];
  let room = 0;
  for (const block of blocks) {
    const last = packs.at(-1);
    if (last === undefined || block.size > room) {
      packs.push([block]);
      room = packBytesMax - block.size;
    } else {
      last.push(block);
      room -= block.size;
    }
  }
  return packs;
}
