import { nameBytesMax } from "@ashlar/shared/limits";
import { nameFault, spellingFault } from "@ashlar/shared/names";
import * as fc from "fast-check";
import { expect, test } from "vitest";

test.for(["a", ".a", "...", " ", "a\\b", "Grüße.txt", "🎉", "con", "a\nb", "-rf", "x".repeat(nameBytesMax)])("K15 %j is a name", (name) => {
  expect(nameFault(name)).toBeUndefined();
});

test.for([
  ["", "empty"],
  [".", "dot"],
  ["..", "dot"],
  ["a/b", "separator"],
  ["/", "separator"],
  ["a\0b", "nul"],
  ["\ud83d", "lone-surrogate"],
  ["a\udc00b", "lone-surrogate"],
  ["a\u0308", "not-nfc"],
  ["\u212b", "not-nfc"],
] as const)("K15 %j is no name: %s", ([name, fault]) => {
  expect(nameFault(name)).toBe(fault);
});

test("K15 a name has at most 255 bytes of UTF-8, however many characters: at the limit, and one past it", () => {
  for (const unit of ["x", "ü", "€", "🎉"]) {
    const bytes = new TextEncoder().encode(unit).length;
    const full = unit.repeat(Math.floor(nameBytesMax / bytes)) + "x".repeat(nameBytesMax % bytes);
    expect(nameFault(full)).toBeUndefined();
    expect(nameFault(`${full}x`)).toBe("too-long");
  }
});

test("K15 whatever has no fault can be one component of a path", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
      if (nameFault(name) !== undefined) return;
      expect(name).not.toMatch(/[/\0]/);
      expect(name.normalize("NFC")).toBe(name);
      expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(nameBytesMax);
    }),
  );
});

test("K16 a spelling that is too long is refused before it is normalized, which takes a time that grows with its square", () => {
  expect(spellingFault("a", "b".repeat(256))).toBe("too-long");
  expect(spellingFault("a", `a${"\u0301".repeat(500_000)}${"\u0323".repeat(500_000)}`)).toBe("too-long");
});

test("K16 a spelling is the same name in another normal form, and no longer than a name", () => {
  expect(spellingFault("\u00e4", "a\u0308")).toBeUndefined();
  expect(spellingFault("a", "b")).toBe("not-nfc");
  expect(spellingFault("a\u0308", "a\u0308")).toBe("not-nfc");
  const fits = Math.floor(nameBytesMax / 3);
  expect(spellingFault("\u00e4".repeat(fits), "a\u0308".repeat(fits))).toBeUndefined();
  expect(spellingFault("\u00e4".repeat(fits + 1), "a\u0308".repeat(fits + 1))).toBe("too-long");
});
