import { chunking, cutLength } from "@ashlar/shared/chunker";
import { toHex } from "@ashlar/shared/encoding";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { noise } from "./support/noise.ts";
import { sha256 } from "./support/sha256.ts";

const MiB = 1024 * 1024;

function cuts(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += lengths.at(-1) ?? 0) lengths.push(cutLength(bytes.subarray(at), true));
  return lengths;
}

function names(bytes: Uint8Array): string[] {
  let at = 0;
  return cuts(bytes).map((length) => toHex(sha256(bytes.subarray(at, (at += length)))));
}

test("K7 the cuts of given bytes are the same in every client", () => {
  const expected = [2593145, 2173449, 2807232, 2128095, 2384254, 2318549, 1192275, 1180217];
  expect(cuts(noise(16 * MiB, 1))).toEqual(expected);
});

test("K7 bytes without a cut in them are cut at 4 MiB", () => {
  expect(cuts(new Uint8Array(9 * MiB))).toEqual([4 * MiB, 4 * MiB, MiB]);
});

test("K8 every block but the last has 1 MiB to 4 MiB, and together they are the file", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 * MiB }), fc.integer(), (size, seed) => {
      const lengths = cuts(noise(size, seed));
      expect(lengths.reduce((total, length) => total + length, 0)).toBe(size);
      for (const length of lengths.slice(0, -1)) {
        expect(length).toBeGreaterThan(chunking.bytesMin);
        expect(length).toBeLessThanOrEqual(chunking.bytesMax);
      }
      expect(lengths.at(-1) ?? 0).toBeLessThanOrEqual(chunking.bytesMax);
    }),
    { numRuns: 10 },
  );
});

test("K8 a file of up to 1 MiB is one block, and an empty one has none", () => {
  for (const size of [1, chunking.bytesMin]) expect(cuts(noise(size, 7))).toEqual([size]);
  expect(cutLength(new Uint8Array(0), true)).toBe(0);
});

test("K9 a cut that is answered before the end is known is the cut, whatever follows", () => {
  const bytes = noise(8 * MiB, 2);
  const whole = cutLength(bytes, true);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * MiB }), (seen) => {
      expect([0, whole]).toContain(cutLength(bytes.subarray(0, seen), false));
    }),
    { numRuns: 50 },
  );
  expect(cutLength(bytes.subarray(0, chunking.bytesMax), false)).toBe(whole);
  expect(cutLength(new Uint8Array(chunking.bytesMax - 1), false)).toBe(0);
  expect(cutLength(new Uint8Array(chunking.bytesMax), false)).toBe(chunking.bytesMax);
});

test("K10 bytes inserted near the start change the first block or two and no other", () => {
  const before = noise(12 * MiB, 3);
  const after = new Uint8Array(before.length + 100);
  after.set(before.subarray(0, 1000));
  after.set(noise(100, 4), 1000);
  after.set(before.subarray(1000), 1100);
  const known = new Set(names(before));
  expect(names(after).filter((name) => !known.has(name)).length).toBeLessThanOrEqual(2);
});
