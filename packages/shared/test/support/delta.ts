import { type DeltaBase, type DeltaCodec } from "@ashlar/shared/delta/types";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const deltaModule = new WebAssembly.Module(readFileSync(join(import.meta.dirname, "../../dist/delta.wasm")));
export const codec: DeltaCodec = createDeltaCodec(deltaModule);

export const hashOf = (bytes: Uint8Array): BlockHash => toHex(createHash("sha256").update(bytes).digest()) as BlockHash;
export const named = (bytes: Uint8Array): DeltaBase => ({ hash: hashOf(bytes), bytes });

/** The same bytes for a seed on every machine (xorshift32). */
export function randomBytes(count: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = (seed * 2654435761) | 1;
  return Uint8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 8;
  });
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.concat(parts));
