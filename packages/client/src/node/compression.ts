import { constants, zstdCompress, zstdCompressSync, zstdDecompress } from "node:zlib";
import { promisify } from "node:util";
import type { Compression } from "../ports.ts";
import { sampleOf } from "../transfer/sample.ts";

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);

const level = (value: number) => ({ params: { [constants.ZSTD_c_compressionLevel]: value } });

/** On the threads that Node keeps for such work; only the trial, some 0.1 ms, is done at once. */
export const zstd: Compression = {
  trial(bytes) {
    const sample = sampleOf(bytes);
    return sample.length === 0 ? 1 : zstdCompressSync(sample, level(1)).length / sample.length;
  },
  // The frame says how long its content is, so that a reader can refuse it before it decompresses anything.
  compress: (bytes) => compressAsync(bytes, { ...level(3), pledgedSrcSize: bytes.length }),
  decompress: (bytes, bytesMax) => decompressAsync(bytes, { maxOutputLength: bytesMax }),
};
