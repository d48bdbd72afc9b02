import { addDigest, contentDigest, DigestSum, emptyDigest, leafDigest, subtractDigest } from "@ashlar/shared/digest";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "./support/sha256.ts";

const digest = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((value) => value.toString(16).padStart(64, "0"));
const leaf = { node: "n".repeat(22), rev: 3, name: "ä.txt", kind: "file", digest: emptyDigest };

test("K11 the digests of given content and of a given child are fixed", () => {
  expect(contentDigest(sha256, "", 0o644)).toBe("858f67c7aa85925364b7725e578e33af19973637e3b10239f2b17d95155db78c");
  expect(leafDigest(sha256, leaf)).toBe("dcec6bb8aa3e453b4b0dfc5e09b9fcf3d13723e34062d6f903dcb40ef6cb3cb7");
});

test("K11 a digest differs with the mode, the content, and a child's id, revision, kind, name and digest", () => {
  const seen = new Set([
    contentDigest(sha256, "", 0o644),
    contentDigest(sha256, "", 0o755),
    contentDigest(sha256, "AAAA", 0o644),
    leafDigest(sha256, leaf),
    leafDigest(sha256, { ...leaf, node: "m".repeat(22) }),
    leafDigest(sha256, { ...leaf, rev: 4 }),
    leafDigest(sha256, { ...leaf, kind: "folder" }),
    leafDigest(sha256, { ...leaf, name: "a.txt" }),
    leafDigest(sha256, { ...leaf, digest: "1".repeat(64) }),
  ]);
  expect(seen.size).toBe(9);
});

test("K12 a folder's digest does not depend on the order of its children", () => {
  fc.assert(
    fc.property(fc.array(digest, { maxLength: 8 }), fc.nat(), (leaves, seed) => {
      const shuffled = leaves.toSorted((a, b) => ((a.charCodeAt(seed % 64) * 31) % 7) - ((b.charCodeAt(seed % 64) * 31) % 7));
      expect(shuffled.reduce(addDigest, emptyDigest)).toBe(leaves.reduce(addDigest, emptyDigest));
    }),
  );
});

test("K12 the sum of many children at once is that of one after the other", () => {
  fc.assert(
    fc.property(fc.array(digest, { maxLength: 40 }), (digests) => {
      const leaves = digests.map((one, index) => ({ ...leaf, rev: index, digest: one }));
      const sum = new DigestSum();
      for (const one of leaves) sum.add(sha256, one);
      expect(sum.digest()).toBe(leaves.map((one) => leafDigest(sha256, one)).reduce(addDigest, emptyDigest));
    }),
  );
  const ends = new DigestSum();
  for (const byte of [0xff, 0xff, 0]) ends.add(() => new Uint8Array(32).fill(byte, 0, 31).fill(byte + (byte & 1), 31), leaf);
  expect(ends.digest()).toBe([`${"f".repeat(62)}00`, `${"f".repeat(62)}00`].reduce(addDigest, emptyDigest));
});

test("K12 a child taken out of the sum leaves what was there before, carries past 2^256 included", () => {
  fc.assert(
    fc.property(digest, digest, (sum, child) => {
      expect(subtractDigest(addDigest(sum, child), child)).toBe(sum);
      expect(addDigest(subtractDigest(sum, child), child)).toBe(sum);
      expect(addDigest(sum, child)).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
  expect(addDigest("f".repeat(64), `${"0".repeat(63)}1`)).toBe(emptyDigest);
});
