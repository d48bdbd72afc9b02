import { fromBase64Url, fromHex, toBase64Url, toHex } from "@ashlar/shared/encoding";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { valueOrRangeError } from "./support/outcome.ts";

const bytes = fc.uint8Array({ maxLength: 100 });

test.for([
  ["", ""],
  ["f", "Zg"],
  ["fo", "Zm8"],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg"],
  ["fooba", "Zm9vYmE"],
  ["foobar", "Zm9vYmFy"],
] as const)("K1 base64url writes %j as RFC 4648 section 10 does, without padding", ([plain, encoded]) => {
  expect(toBase64Url(new TextEncoder().encode(plain))).toBe(encoded);
});

test("K1 base64url uses the alphabet that is safe in addresses", () => {
  expect(toBase64Url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe("-__-");
});

test("K1 any bytes come back from base64url, longer than one piece as well", () => {
  fc.assert(
    fc.property(bytes, (plain) => {
      expect(fromBase64Url(toBase64Url(plain))).toEqual(plain);
    }),
  );
  const long = new Uint8Array(0x6000 * 2 + 1).fill(0xa5);
  expect(fromBase64Url(toBase64Url(long))).toEqual(long);
});

test("K2 a text is either refused or the one spelling of its bytes", () => {
  const alphabet = fc.constantFrom(...Array.from("ABCDwxyz0189-_+/= "));
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
      const plain = valueOrRangeError(() => fromBase64Url(text));
      expect(plain instanceof RangeError ? text : toBase64Url(plain)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test.for(["Zg==", "Zm9v+", "Zm9v/w", "Z", "Zh", "Zm9", "Z g", "Zg\n", "Zmé"])("K2 base64url refuses %j", (text) => {
  expect(() => fromBase64Url(text)).toThrow(RangeError);
});

test("K3 any bytes come back from hexadecimal, two lower-case digits each", () => {
  fc.assert(
    fc.property(bytes, (plain) => {
      expect(fromHex(toHex(plain))).toEqual(plain);
    }),
  );
  expect(toHex(Uint8Array.of(0, 1, 0xab, 0xff))).toBe("0001abff");
});

test.for(["0", "0G", "AB", "0x", " 0", "00\n"])("K3 hexadecimal refuses %j", (text) => {
  expect(() => fromHex(text)).toThrow(RangeError);
});
