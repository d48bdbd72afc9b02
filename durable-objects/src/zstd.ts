import { boundedUnzstd } from "@ashlar/server/blocks/bounded-unzstd";
import type { Compress } from "@ashlar/server/ports";
import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** What a zstd frame holds, at most so many bytes. Throws on more, and on what is no frame. */
export const unzstd = boundedUnzstd((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength }));

/**
 * workerd before 2026-11-17 fails where a frame outgrows the first buffer it gave to the compressor. Its stream takes a size for that
 * buffer and keeps to it; what compresses at once does not.
 */
let compressesAtOnce: boolean | undefined;
const longFrameBytes = 128 * 1024;

export const compress: Compress = async (bytes, level) => {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: level }, pledgedSrcSize: bytes.length };
  compressesAtOnce ??= canCompressAtOnce();
  if (compressesAtOnce || bytes.length <= longFrameBytes / 4) return zstdCompressSync(bytes, options);
  const frame = createZstdCompress({ ...options, chunkSize: frameBytesMax(bytes.length) });
  frame.end(bytes);
  const pieces: Uint8Array[] = [];
  for await (const piece of frame) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
};

/** As ZSTD_compressBound: a 256th for the heads of blocks, and of a short frame a little more. */
function frameBytesMax(bytes: number): number {
  return bytes + Math.floor(bytes / 256) + 1024;
}

function canCompressAtOnce(): boolean {
  const incompressible = new Uint8Array(longFrameBytes);
  crypto.getRandomValues(incompressible.subarray(0, longFrameBytes / 2));
  crypto.getRandomValues(incompressible.subarray(longFrameBytes / 2));
  try {
    return zstdCompressSync(incompressible).length > longFrameBytes;
  } catch {
    return false;
  }
}
