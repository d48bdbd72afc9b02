import { zstdDecompressSync } from "node:zlib";

/** workerd takes the size of its buffer, which grows in steps, for the length of the output: it refuses what would fit exactly. */
const bufferGrowth = 2;
const bufferBytes = 256 * 1024;

/** What a zstd frame holds, at most so many bytes: the platform stops soon after. Throws on more, and on what is no frame. */
export function unzstd(frame: Uint8Array, bytesMax: number): Uint8Array {
  const content = zstdDecompressSync(frame, { maxOutputLength: bufferGrowth * bytesMax + bufferBytes });
  if (content.length > bytesMax) throw new RangeError(`the frame holds more than ${bytesMax} bytes`);
  return content;
}
