import { expect, it } from "vitest";
import { platformOf } from "../../src/node/platform.ts";

it.each(["a:b", 'quo"te', "what?", "dot.", "space ", "CON", "con.txt", "LPT1", "tab\tbed"])(
  "M20 Windows is told not to hold %j",
  (name) => {
    expect(platformOf("win32").nameFault(name)).toContain("rename it");
    expect(platformOf("linux").nameFault(name)).toBeUndefined();
  },
);

it.each(["plain.txt", ".hidden", "console", "a.b", "com10"])("M20 Windows holds %j", (name) => {
  expect(platformOf("win32").nameFault(name)).toBeUndefined();
});

it("M20 only Linux is taken to tell cases apart, and only Windows not to keep modes", () => {
  const traits = ["linux", "darwin", "win32"]
    .map((name) => platformOf(name))
    .map(({ caseSensitive, keepsModes }) => [caseSensitive, keepsModes]);
  expect(traits).toEqual([
    [true, true],
    [false, true],
    [false, false],
  ]);
});
