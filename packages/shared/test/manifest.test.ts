import { fromBase64Url, toBase64Url, toHex } from "@ashlar/shared/encoding";
import { blockHashSchema } from "@ashlar/shared/ids";
import { blockBytesMax, fileBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest, encodeManifest, manifestSize } from "@ashlar/shared/manifest";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { valueOrRangeError } from "./support/outcome.ts";

const block: fc.Arbitrary<BlockRef> = fc.record({
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => blockHashSchema.parse(toHex(bytes))),
  size: fc.integer({ min: 1, max: blockBytesMax }),
});
const hash = blockHashSchema.parse("ab".repeat(32));

test("K4 a manifest is base64url of each block's hash and 24-bit size", () => {
  const blocks = [
    { hash: blockHashSchema.parse(`${"00".repeat(31)}01`), size: 1 },
    { hash: blockHashSchema.parse("ff".repeat(32)), size: 4_194_304 },
  ];
  expect(encodeManifest(blocks)).toBe("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAH__________________________________________0AAAA");
});

test("K4 any blocks come back from their manifest, and an empty file has the empty one", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 20 }), (blocks) => {
      const decoded = decodeManifest(encodeManifest(blocks));
      expect(decoded).toEqual(blocks);
      expect(manifestSize(decoded)).toBe(blocks.reduce((total, { size }) => total + size, 0));
    }),
  );
  expect(encodeManifest([])).toBe("");
});

test("K5 a damaged manifest is refused, or it is the one spelling of other blocks", () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), fc.nat(), fc.constantFrom("", "A", "_", "=", "AA"), (blocks, at, put) => {
      const text = encodeManifest(blocks);
      const damaged = text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1);
      const decoded = valueOrRangeError(() => decodeManifest(damaged));
      expect(decoded instanceof RangeError ? damaged : encodeManifest(decoded)).toBe(damaged);
    }),
    { numRuns: 1000 },
  );
});

test("K5 a manifest that ends inside of a block is refused", () => {
  const bytes = fromBase64Url(encodeManifest([{ hash, size: 1 }]));
  for (const length of [1, 34]) expect(() => decodeManifest(toBase64Url(bytes.subarray(0, length)))).toThrow(RangeError);
});

test("K6 a block has 1 byte to 4 MiB: at each limit, and one past it", () => {
  for (const size of [1, blockBytesMax]) expect(decodeManifest(encodeManifest([{ hash, size }]))).toEqual([{ hash, size }]);
  for (const size of [0, blockBytesMax + 1]) {
    expect(() => encodeManifest([{ hash, size }])).toThrow(RangeError);
    const bytes = new Uint8Array(35);
    bytes.set([size >>> 16, (size >>> 8) & 0xff, size & 0xff], 32);
    expect(() => decodeManifest(toBase64Url(bytes))).toThrow(RangeError);
  }
});

test("K6 a file has at most 128 GiB: at the limit, and one byte past it", () => {
  const full = Array.from({ length: fileBytesMax / blockBytesMax }, () => ({ hash, size: blockBytesMax }));
  expect(manifestSize(decodeManifest(encodeManifest(full)))).toBe(fileBytesMax);
  expect(() => decodeManifest(encodeManifest([...full, { hash, size: 1 }]))).toThrow(RangeError);
});
