import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema } from "@ashlar/shared/ids";
import { manifestSplicesMax } from "@ashlar/shared/limits";
import { type BlockRef, encodeManifest } from "@ashlar/shared/manifest";
import { diffManifests, manifestPatchSchema, patchManifest } from "@ashlar/shared/manifest-patch";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "./support/sha256.ts";

/** The same number is the same block, so that lists share some and repeat others. */
const block = (number: number): BlockRef => ({ hash: blockHashSchema.parse(toHex(sha256(Uint8Array.of(number)))), size: number + 1 });
const manifest = (numbers: readonly number[]) => encodeManifest(numbers.map(block));
const splice = (at: number, remove: number, insert = "") => ({ at, remove, insert });
const patchOf = (count: number) => ({ base: 1, splices: Array.from({ length: count }, (_, at) => splice(at, 1)) });
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

test("K22 a patch makes the new manifest of the old one, whatever changed", () => {
  const lists = fc.array(fc.nat(30), { maxLength: 60 });
  fc.assert(
    fc.property(lists, lists, fc.nat(60), (old, other, keep) => {
      const now = [...old.slice(0, keep), ...other, ...old.slice(keep + 2)];
      const patch = diffManifests(1, manifest(old), manifest(now));
      const made = patch === undefined ? manifest(now) : patchManifest(manifest(old), manifestPatchSchema.parse(patch));
      expect(made).toBe(manifest(now));
    }),
  );
});

test("K22 one changed block of many is one splice of one entry", () => {
  const old = numbers(200);
  const now = old.with(100, 250);
  expect(diffManifests(7, manifest(old), manifest(now))).toEqual({ base: 7, splices: [{ at: 100, remove: 1, insert: manifest([250]) }] });
  expect(diffManifests(7, manifest(old), manifest([251, ...old]))).toEqual({
    base: 7,
    splices: [{ at: 0, remove: 0, insert: manifest([251]) }],
  });
});

test("K22 what would hardly be shorter than the manifest is no patch", () => {
  expect(diffManifests(1, manifest(numbers(20)), manifest(numbers(20, 40)))).toBeUndefined();
  expect(diffManifests(1, manifest([1]), manifest([2]))).toBeUndefined();
  // Told by the length alone: what cannot be read is not read.
  expect(diffManifests(1, manifest([1]), "!".repeat(2 * manifest([1]).length))).toBeUndefined();
});

test("K23 a patch that overlaps, goes back, or reaches outside of the manifest is refused", () => {
  const old = manifest(numbers(4));
  const patched = (...splices: ReturnType<typeof splice>[]) => patchManifest(old, { base: 1, splices });
  expect(patched(splice(4, 0, manifest([9])))).toBe(manifest([0, 1, 2, 3, 9]));
  for (const bad of [[splice(5, 0)], [splice(3, 2)], [splice(2, 1), splice(1, 1)], [splice(0, 2), splice(1, 1)], [splice(0, 0, "A")]]) {
    expect(() => patched(...bad)).toThrow(RangeError);
  }
});

test("K23 a patch has at most 64 splices", () => {
  expect(manifestPatchSchema.safeParse(patchOf(manifestSplicesMax)).success).toBe(true);
  expect(manifestPatchSchema.safeParse(patchOf(manifestSplicesMax + 1)).success).toBe(false);
});
