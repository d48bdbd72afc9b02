/**
 * A manifest: the ordered blocks that make one version of a file. On the wire and in the database it is one string:
 * base64url of 35 bytes for each block, its SHA-256 (32) and its size as a 24-bit big-endian integer (3).
 * An empty file has the empty manifest.
 */
import { fromBase64Url, fromHex, toBase64Url, toHex } from "./encoding.ts";
import type { BlockHash } from "./ids.ts";
import { blockBytesMax, fileBytesMax } from "./limits.ts";

export type BlockRef = { readonly hash: BlockHash; readonly size: number };

/** Of one block. */
export const entryBytes = 35;
const hashBytes = 32;

export function encodeManifest(blocks: readonly BlockRef[]): string {
  const bytes = new Uint8Array(blocks.length * entryBytes);
  blocks.forEach(({ hash, size }, index) => {
    if (size < 1 || size > blockBytesMax) throw new RangeError(`a block of ${size} bytes is not 1 byte to 4 MiB`);
    const at = index * entryBytes;
    bytes.set(fromHex(hash), at);
    bytes[at + hashBytes] = size >>> 16;
    bytes[at + hashBytes + 1] = size >>> 8;
    bytes[at + hashBytes + 2] = size;
  });
  return toBase64Url(bytes);
}

/** Throws a RangeError on a malformed string, a block of 0 bytes or above 4 MiB, or a file above 128 GiB. */
export function decodeManifest(text: string): BlockRef[] {
  const bytes = fromBase64Url(text);
  if (bytes.length % entryBytes !== 0) throw new RangeError("a manifest is 35 bytes for each block");
  const blocks: BlockRef[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const [high = 0, middle = 0, low = 0] = bytes.subarray(at + hashBytes, at + entryBytes);
    const size = (high << 16) | (middle << 8) | low;
    if (size < 1 || size > blockBytesMax) throw new RangeError(`a block of ${size} bytes is not 1 byte to 4 MiB`);
    total += size;
    if (total > fileBytesMax) throw new RangeError("a file is at most 128 GiB");
    blocks.push({ hash: toHex(bytes.subarray(at, at + hashBytes)) as BlockHash, size });
  }
  return blocks;
}

export function manifestSize(blocks: readonly BlockRef[]): number {
  return blocks.reduce((total, block) => total + block.size, 0);
}
