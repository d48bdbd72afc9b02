import module from "@ashlar/shared/delta.wasm";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { DeltaError } from "@ashlar/shared/delta/types";
import type { BlockHash } from "@ashlar/shared/ids";
import { toHex } from "@ashlar/shared/encoding";
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";

const codec = createDeltaCodec(module);
const hashOf = (bytes: Uint8Array): BlockHash => toHex(createHash("sha256").update(bytes).digest()) as BlockHash;
const named = (bytes: Uint8Array) => ({ hash: hashOf(bytes), bytes });

/** The same bytes in every runtime. */
function bytesOf(count: number, seed: number, values: number): Uint8Array<ArrayBuffer> {
  let state = (seed * 2654435761) | 1;
  return Uint8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) % values;
  });
}

const base = bytesOf(300_000, 1, 20);
const target = base.slice(500);
target.set(bytesOf(700, 2, 20), 100_000);
target.copyWithin(200_000, 20_000, 60_000);

test("Z17 workerd makes the frames and signatures that Node makes, and decodes them", () => {
  const frame = codec.encode(target, [named(base)]);
  expect(hashOf(codec.decode(frame, [base]))).toBe(hashOf(target));
  const signature = codec.sign(base);
  const signed = codec.encodeFromSignatures(target, [{ hash: hashOf(base), signature }]);
  expect(hashOf(codec.decode(signed, [base]))).toBe(hashOf(target));
  // Made in Node; whoever makes the encoder better makes them anew there.
  expect([frame, signature, signed].map(hashOf)).toEqual([
    "76f356427cc5d6291bcaed89daafdcafa19c29ed28ebc5bb97fdd00e5cdaaf5d",
    "13bff746a28390fa247794fe7ce75d81f52dd28fb8995948ad3861d88ccf74d8",
    "d36b77d14caaee383bd6cf2c66f2956c2c6a485e700ea62d87e2c4f92bae5ab2",
  ]);
});

test("Z10 Z17 in workerd a damaged frame is refused, or makes bytes of the declared size", () => {
  const frame = codec.encode(target, [named(base)]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.boolean(),
      (changes, cut, isCut) => {
        const bad = frame.slice(0, isCut ? cut % frame.length : frame.length);
        for (const [at, byte] of changes) bad[at % bad.length] = byte;
        try {
          expect(codec.decode(bad, [base]).length).toBe(readDeltaHeader(bad).size);
        } catch (error) {
          if (!(error instanceof DeltaError)) throw error;
        }
      },
    ),
    { numRuns: 1000 },
  );
});
