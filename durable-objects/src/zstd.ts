import { boundedUnzstd } from "@ashlar/server/blocks/bounded-unzstd";
import { zstdDecompressSync } from "node:zlib";

/** What a zstd frame holds, at most so many bytes. Throws on more, and on what is no frame. */
export const unzstd = boundedUnzstd((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength }));
