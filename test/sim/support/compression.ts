/** zstd at once: the real port works on other threads, whose order no seed decides. */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { zstd } from "@ashlar/client/node/compression";
import type { Compression } from "@ashlar/client/ports";

export const zstdAtOnce: Compression = {
  trial: (bytes) => zstd.trial(bytes),
  compress: async (bytes) => zstdCompressSync(bytes),
  decompress: async (bytes, bytesMax) => zstdDecompressSync(bytes, { maxOutputLength: bytesMax }),
};
