import { expect, it } from "vitest";
import { loopback, wan } from "../link/wan.ts";
import { bytesText, cellsOf, figure, headings, type Line } from "../report/line.ts";
import { machineOf } from "../report/machine.ts";
import { pageOf } from "../report/page.ts";
import { tableOf } from "../report/table.ts";
import { limitOf } from "../wan/limits.ts";

const line: Line = {
  bench: "wan",
  what: "new file of <1> MiB",
  who: "Ashlar",
  value: 3,
  unit: "s",
  limit: 1.5,
  also: "to the server 1.4 s",
  upBytes: 1536,
  downBytes: 5 * 1024 ** 2,
  cpuSeconds: { A: 1, edge: 0.5 },
  peakBytes: { "A node": 100 * 1024 ** 2, edge: 50 * 1024 ** 2 },
};

it("BE10 a line stands beside its limit, with the CPU time of all processes and the largest peak of one", () => {
  expect(cellsOf(line)).toEqual([
    "wan",
    "new file of <1> MiB",
    "Ashlar",
    "3.00 s",
    "1.50 s",
    "2.00",
    "to the server 1.4 s",
    "1.5 KiB",
    "5.0 MiB",
    "1.50",
    "100 MiB",
  ]);
  const { limit: _, ...alone } = line;
  expect(cellsOf({ ...alone, value: undefined }).slice(3, 6)).toEqual(["-", "", ""]);
  expect([figure(1234.5, "/s"), figure(0.061, "s"), figure(12, "$"), bytesText(100)]).toEqual(["1,235 /s", "0.061 s", "$12.0", "100 B"]);
});

it("BE10 a table has all columns under their headings", () => {
  const [head = "", , row = ""] = tableOf([line]).split("\n");
  for (const [heading, cell] of [
    ["measured", "3.00 s"],
    ["limit", "1.50 s"],
  ] as const) {
    expect(head.indexOf(heading) + heading.length).toBe(row.indexOf(cell) + cell.length);
  }
  expect(headings).toHaveLength(cellsOf(line).length);
});

it("BE10 the page holds every line, names nothing outside of itself, and shows names as they are", () => {
  const other: Line = { ...line, who: "rclone", value: undefined, also: "given up after 240 s" };
  const page = pageOf(machineOf(1, 7), [line, other], ["Unison is not installed"]);
  expect(page).toContain("new file of &#60;1&#62; MiB");
  expect(page).toContain("given up after 240 s");
  expect(page).toContain("Unison is not installed");
  expect(page.match(/<rect /g)).toHaveLength(2);
  expect(page).not.toMatch(/src=|href=|@import|url\(/);
  expect(page).not.toContain("NaN");
});

it("BE2 the limit of a line is the bytes by its rate and a round trip, since a server can hand on what arrives", () => {
  expect(limitOf({ bytes: 12_500_000 }, wan)).toBe(1.06);
  expect(limitOf({ bytes: 0 }, wan)).toBe(0.06);
  expect(limitOf({ bytes: 12_500_000, isTouch: true }, wan)).toBe(0);
  expect(limitOf({ bytes: 12_500_000 }, loopback)).toBe(0);
});
