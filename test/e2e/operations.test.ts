/** What operations ask of the edge, counted where it is billed, against what was last recorded: so that none gets dearer unseen. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { countingRoot } from "./support/counting-edge.ts";
import { type House, openHouse } from "./support/house.ts";
import { countOperations, type Operations } from "./support/operations.ts";
import { readOperations } from "./support/recorded-operations.ts";

/** How a tree falls into commits and pages depends on the machine a little, and the length of headers on the day. */
const slack = { share: 1.1, count: 3 };

let house: House;
let now: Operations;
let recorded: Operations;
beforeAll(async () => {
  house = await openHouse({}, { makeRoot: countingRoot });
  recorded = await readOperations();
  now = await countOperations(house);
}, 300_000);
afterAll(() => house?.[Symbol.asyncDispose]());

it("E52 no operation asks more of the edge than was recorded: requests, R2 operations, rows, bytes", () => {
  expect(Object.keys(now.counted)).toEqual(Object.keys(recorded.counted));
  for (const [name, { asked, times }] of Object.entries(now.counted)) {
    const before = recorded.counted[name];
    expect(times).toBe(before?.times);
    for (const [what, count] of Object.entries(asked)) {
      const was = Object.entries(before?.asked ?? {}).find(([key]) => key === what)?.[1] ?? 0;
      const most = was * slack.share + slack.count * (what.endsWith("Bytes") ? 100 : 1);
      expect
        .soft(count, `${what} of ${name}, recorded as ${was}; if that has to be, npm run bench:count records it`)
        .toBeLessThanOrEqual(most);
    }
  }
});

it("E52 a file takes no more room in the databases than was recorded, nor does a block", () => {
  expect(now.rowBytes.metaPerFile).toBeLessThanOrEqual(recorded.rowBytes.metaPerFile * slack.share);
  expect(now.rowBytes.indexPerBlock).toBeLessThanOrEqual(recorded.rowBytes.indexPerBlock * slack.share);
  expect(now.rowBytes.indexPerBlock).toBeGreaterThan(0);
});

it("E53 a touch asks nothing, and a small edit is one request and one object in the bucket", () => {
  const { counted } = now;
  const touch = counted["touch"]?.asked;
  expect([touch?.requests, touch?.objectMessages, touch?.upBytes]).toEqual([0, 0, 0]);
  for (const name of ["new-small", "edit-small"]) {
    const operation = counted[name];
    expect(operation?.asked.requests).toBe(operation?.times);
    expect(operation?.asked.r2Writes).toBe(operation?.times);
  }
  expect(counted["edit-large"]?.asked.requests).toBe(counted["edit-large"]?.times);
});

it("E53 renaming a folder and copying a file are one request, and nothing of their content is asked for", () => {
  for (const name of ["rename", "copy"]) {
    const asked = now.counted[name]?.asked;
    expect([asked?.requests, asked?.r2Writes, asked?.r2Reads]).toEqual([1, 0, 0]);
  }
});

it("E53 JSON travels compressed, and no object more is stored for it than for as much that does not compress", () => {
  const [json, large] = [now.counted["json-up"], now.counted["large-up"]];
  const each = (what: "upBytes" | "r2Writes", counted: typeof json) => (counted?.asked[what] ?? Number.NaN) / (counted?.times ?? 1);
  expect(each("upBytes", json)).toBeLessThan(each("upBytes", large) / 3);
  expect(each("r2Writes", json)).toBeLessThan(each("r2Writes", large) * 1.5);
});
