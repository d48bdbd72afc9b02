import type { Unzstd } from "../ports.ts";

/** workerd takes the size of its buffer, which grows in steps, for the length of the output: it refuses what would fit exactly. */
const bufferGrowth = 2;
const bufferBytes = 256 * 1024;

/** From the platform's decompression, which stops soon after `maxOutputLength` bytes or throws. */
export function boundedUnzstd(decompress: (frame: Uint8Array, maxOutputLength: number) => Uint8Array): Unzstd {
  return (frame, bytesMax) => {
    const content = decompress(frame, bufferGrowth * bytesMax + bufferBytes);
    if (content.length > bytesMax) throw new RangeError(`the frame holds more than ${bytesMax} bytes`);
    return content;
  };
}
