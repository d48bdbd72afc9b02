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

test("Q17 workerd makes the frames and signatures that Node makes, and decodes them", () => {
  const frame = codec.encode(named(target), [named(base)]);
  expect(hashOf(codec.decode(frame, [base]))).toBe(hashOf(target));
  const signature = codec.sign(base);
  const signed = codec.encodeFromSignatures(named(target), [{ hash: hashOf(base), signature }]);
  expect(hashOf(codec.decode(signed, [base]))).toBe(hashOf(target));
  expect([frame, signature, signed].map(hashOf)).toMatchInlineSnapshot();
});

test("Q10 Q17 in workerd a damaged frame is refused, or makes bytes of the declared size", () => {
  const frame = codec.encode(named(target), [named(base)]);
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
