import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { deltaBaseBytesMax, deltaBasesMax, blockBytesMax } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { codec, hashOf, joined, named, randomBytes } from "../support/delta.ts";

const MiB = 1024 * 1024;

/** A block made of pieces: new bytes, repeats, text, and ranges of the given blocks with some bytes changed. */
function targets(bases: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const range = fc.tuple(fc.nat(bases.length - 1), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(9000), fc.nat(20), fc.nat());
  const piece = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 4000 })).map(([byte, count]) => new Uint8Array(count).fill(byte)),
    fc.string({ minLength: 1, maxLength: 200 }).map((text) => new TextEncoder().encode(text)),
    range.map(([which, where, count, changes, seed]) => {
      const base = bases[which] ?? new Uint8Array();
      const at = Math.floor(where * base.length);
      const bytes = base.slice(at, at + count + 1);
      randomBytes(changes * 4, seed).forEach((byte, index, all) => {
        if (index % 4 === 0) bytes[((all[index + 1] ?? 0) * 256 + (all[index + 2] ?? 0)) % Math.max(bytes.length, 1)] = byte;
      });
      return bytes;
    }),
  );
  return fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => joined(...pieces, Uint8Array.of(1)));
}

const blocks = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.nat(), fc.boolean()), { minLength: 1, maxLength: deltaBasesMax })
  .map((list) => list.map(([count, seed, text]) => randomBytes(count, seed).map((byte) => (text ? 97 + (byte % 8) : byte))));
const worlds = blocks.chain((bases) => targets(bases).map((target) => ({ bases, target })));

test("Z1 a frame made from old bytes gives the target back", () => {
  fc.assert(
    fc.property(worlds, ({ bases, target }) => {
      const frame = codec.encode(target, bases.map(named));
      expect(hashOf(codec.decode(frame, bases))).toBe(hashOf(target));
    }),
    { numRuns: 300 },
  );
});

test.each([32, 36])("Z1 a block with a changed byte in each %i, which makes as many copies as one can have, comes back", (step) => {
  const base = randomBytes(blockBytesMax, step);
  const target = base.map((byte, at) => (at % step === 0 ? byte ^ 0x55 : byte));
  expect(hashOf(codec.decode(codec.encode(target, [named(base)]), [base]))).toBe(hashOf(target));
});

test("Z2 a frame made from signatures gives the target back", () => {
  fc.assert(
    fc.property(worlds, ({ bases, target }) => {
      const signed = bases.map((bytes) => ({ hash: hashOf(bytes), signature: codec.sign(bytes) }));
      const frame = codec.encodeFromSignatures(target, signed);
      expect(hashOf(codec.decode(frame, bases))).toBe(hashOf(target));
    }),
    { numRuns: 300 },
  );
});

test("Z3 a frame names its target's size, its bases, their sizes, and whether signatures were all it was made from", () => {
  const bases = [randomBytes(70_000, 1), randomBytes(5, 2), randomBytes(130, 3)];
  const target = randomBytes(1000, 4);
  const refs = bases.map((bytes) => ({ hash: hashOf(bytes), size: bytes.length }));
  expect(readDeltaHeader(codec.encode(target, bases.map(named)))).toEqual({
    size: 1000,
    bases: refs,
    fromSignature: false,
  });
  const signed = bases.map((bytes) => ({ hash: hashOf(bytes), signature: codec.sign(bytes) }));
  expect(readDeltaHeader(codec.encodeFromSignatures(target, signed)).fromSignature).toBe(true);
});

test("Z4 a delta takes up to four bases of 16 MiB in all, and blocks of up to 4 MiB, and no more", () => {
  const block = randomBytes(4 * MiB, 5);
  const frame = codec.encode(
    block,
    Array.from({ length: deltaBasesMax }, () => named(block)),
  );
  expect(frame.length).toBeLessThan(200);
  expect(hashOf(codec.decode(frame, [block, block, block, block]))).toBe(hashOf(block));
  expect(4 * blockBytesMax).toBe(deltaBaseBytesMax);
  const small = named(randomBytes(10, 6));
  const large = { hash: small.hash, bytes: new Uint8Array(blockBytesMax + 1) };
  expect(() => codec.encode(small.bytes, [])).toThrow(RangeError);
  expect(() =>
    codec.encode(
      small.bytes,
      Array.from({ length: 5 }, () => small),
    ),
  ).toThrow(RangeError);
  expect(() => codec.encode(large.bytes, [small])).toThrow(RangeError);
  expect(() => codec.encode(small.bytes, [large])).toThrow(RangeError);
  expect(() => codec.sign(large.bytes)).toThrow(RangeError);
  expect(() => codec.sign(new Uint8Array())).toThrow(RangeError);
});

test("Z5 a hundred new bytes in a random block of 4 MiB cost at most 120 bytes of body and 200 of frame", () => {
  const old = randomBytes(4 * MiB, 7);
  const edit = randomBytes(100, 8);
  const overwritten = old.slice();
  overwritten.set(edit, 1_700_003);
  const inserted = joined(old.subarray(0, 1_500_001), edit, old.subarray(1_500_001)).subarray(0, 4 * MiB);
  for (const target of [overwritten, inserted]) {
    const frame = codec.encode(target, [named(old)]);
    expect(frame.length).toBeLessThanOrEqual(200);
    // mark, flags, the base's hash, two sizes
    expect(frame.length - (2 + 4 + 32 + 1)).toBeLessThanOrEqual(120);
    expect(hashOf(codec.decode(frame, [old]))).toBe(hashOf(target));
    const signed = codec.encodeFromSignatures(target, [{ hash: hashOf(old), signature: codec.sign(old) }]);
    expect(signed.length).toBeLessThanOrEqual(1200);
    expect(hashOf(codec.decode(signed, [old]))).toBe(hashOf(target));
  }
});
