import { hashBlock } from "@ashlar/client/node/hash";
import { cutLength } from "@ashlar/shared/chunker";
import type { BlockRef } from "@ashlar/shared/manifest";
import * as fc from "fast-check";

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Bytes that look random and are the same for the same seed. */
export function noise(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export type Cut = BlockRef & { readonly bytes: Uint8Array; readonly offset: number };

/** The blocks that a client cuts the content into. */
export function cutsOf(content: Uint8Array): Cut[] {
  const cuts: Cut[] = [];
  for (let offset = 0; offset < content.length;) {
    const size = cutLength(content.subarray(offset), true);
    const bytes = content.subarray(offset, offset + size);
    cuts.push({ hash: hashBlock(bytes), size, bytes, offset });
    offset += size;
  }
  return cuts;
}

/** Files of a few blocks, some of which stand in them twice: pieces come from few seeds and sizes. */
export const content: fc.Arbitrary<Uint8Array> = fc
  .array(fc.record({ seed: fc.integer({ min: 1, max: 3 }), size: fc.constantFrom(0, 1, 40 * KiB, 700 * KiB, 2 * MiB) }), { maxLength: 3 })
  .map((pieces) => Buffer.concat(pieces.map(({ seed, size }) => noise(size, seed))));
