import fc from "fast-check";
import { win32 } from "node:path";
import { expect, test, vi } from "vitest";
import { NamesInFolder, safeName } from "../../src/content/archive-names.ts";

test("CT16 no name in an archive leads out of the folder it is unpacked into, on any system", () => {
  expect(["..\\..\\evil", "C:evil", "a/b", "x\u0000y", "con", "NUL.txt", "com1.tar.gz", "end. .", "console", " a"].map(safeName)).toEqual([
    ".._.._evil",
    "C_evil",
    "a_b",
    "x_y",
    "_con",
    "_NUL.txt",
    "_com1.tar.gz",
    "end___",
    "console",
    " a",
  ]);
  const letter = fc.oneof(
    fc.constantFrom(...Array.from('./\\: a?*"<>|\u202e\n\u0085')),
    fc.integer({ min: 1, max: 0x2fff }).map((code) => String.fromCodePoint(code)),
  );
  const names = fc.array(letter, { minLength: 1, maxLength: 8 }).map((letters) => letters.join(""));
  fc.assert(
    fc.property(names, (name) => {
      const safe = safeName(name);
      expect(safe).not.toMatch(/[\\/:\p{Cc}]/u);
      expect(["", ".", ".."]).not.toContain(safe);
      expect(win32.resolve("Z:\\in", safe)).toBe(`Z:\\in\\${safe}`);
    }),
  );
});

test("CT16 names in one folder of an archive differ, whatever their case", () => {
  const names = new NamesInFolder();
  expect(["a.txt", "A.TXT", "a?.txt", "a*.txt", "a.txt", ".x", ".X", "b", "B"].map((name) => names.take(name))).toEqual([
    "a.txt",
    "A (2).TXT",
    "a_.txt",
    "a_ (2).txt",
    "a (3).txt",
    ".x",
    ".X (2)",
    "b",
    "B (2)",
  ]);
});

test("CT21 a thousand names that look alike take a few thousand tries", () => {
  const signs = Array.from('\\:*?"<>|\u0001\u0002');
  const alike = signs.flatMap((one) => signs.flatMap((two) => signs.map((three) => `${one}${two}${three}`)));
  const names = new NamesInFolder();
  using tries = vi.spyOn(String.prototype, "toUpperCase");
  const taken = alike.map((name) => names.take(name));
  expect(tries.mock.calls.length).toBeLessThan(5 * alike.length);
  expect(new Set(taken)).toHaveLength(1000);
});
