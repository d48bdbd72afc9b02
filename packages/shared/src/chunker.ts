/**
 * Content-defined chunking: FastCDC (Xia et al., USENIX ATC 2016) with a 32-bit gear and two masks (normalised chunking,
 * level 2). The masks test the top bits, where a gear hash has mixed the most bytes, so 32 bits cut as well as 64 and run
 * as fast integers in JavaScript. An insertion moves only the cuts near it.
 *
 * The cuts are part of what clients agree on for dedup, not of what the server checks: it takes any cut.
 */
import { blockBytesMax } from "./limits.ts";

const KiB = 1024;

export const chunking = { bytesMin: 1024 * KiB, bytesAverage: 2048 * KiB, bytesMax: blockBytesMax } as const;

function topBits(count: number): number {
  return (0xffffffff << (32 - count)) | 0;
}

/** 256 random 32-bit words by splitmix32 from a fixed seed; a golden test pins them, since every client must cut alike. */
const gear = gearTable(0x41736872); // "Ashr"

function gearTable(seed: number): Int32Array {
  const table = new Int32Array(256);
  let state = seed | 0;
  for (let index = 0; index < table.length; index++) {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    table[index] = word ^ (word >>> 15);
  }
  return table;
}

export type Chunking = { readonly bytesMin: number; readonly bytesAverage: number; readonly bytesMax: number };

/** A cutter with sizes of its own, to compare them; `bytesAverage` is a power of two. {@link cutLength} is the one that clients agree on. */
export function createCutter({ bytesMin, bytesAverage, bytesMax }: Chunking) {
  const averageBits = Math.log2(bytesAverage);
  // Harder to meet before the average, easier after it: sizes gather around the average.
  const maskBefore = topBits(averageBits + 2);
  const maskAfter = topBits(averageBits - 2);
  return (bytes: Uint8Array, last: boolean): number => {
    const end = Math.min(bytes.length, bytesMax);
    if (end <= bytesMin) return last ? end : 0;
    let hash = 0;
    let at = bytesMin;
    const normal = Math.min(bytesAverage, end);
    // Both indices are in bounds, and a check for undefined would sit in the hottest loop of the client.
    for (; at < normal; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
      if ((hash & maskBefore) === 0) return at + 1;
    }
    for (; at < end; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
      if ((hash & maskAfter) === 0) return at + 1;
    }
    return end === bytesMax || last ? end : 0;
  };
}

/**
 * Length in bytes of the first chunk of `bytes`.
 *
 * Without `last`, the answer is 0 when the cut cannot be known yet: hand in more, up to {@link chunking.bytesMax}.
 * With it, the bytes end the file, and what remains is the chunk.
 */
export const cutLength = createCutter(chunking);
