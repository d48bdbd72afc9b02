import * as fc from "fast-check";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/local/root.ts";
import { readWorkers } from "../../scripts/local/workers.ts";
import { billedOf, databaseBytesOf, monthOf, reconnectionsPerDay } from "../model/cost.ts";
import { limitsOf } from "../model/limits.ts";
import { type Measured, once, readMeasured } from "../model/measured.ts";
import { people, seeds } from "../model/people.ts";
import { add, dollars, itemsOf, nothing, prices, times } from "../model/prices.ts";
import { count, scaleText, shardsOf } from "../model/scale.ts";

const measured = await readMeasured();
const [light, usual, heavy] = people;
if (light === undefined || usual === undefined || heavy === undefined) throw new Error("there are no people");

it("BE7 what is billed is added up at its price, item by item", () => {
  const amounts = fc.record(
    Object.fromEntries(itemsOf(prices).map(([item]) => [item, fc.nat(1_000_000)])) as Record<keyof typeof prices, fc.Arbitrary<number>>,
  );
  fc.assert(
    fc.property(amounts, amounts, fc.nat(1000), (one, other, many) => {
      expect(dollars(add(one, times(other, many)))).toBeCloseTo(dollars(one) + dollars(other) * many, 6);
    }),
  );
  expect(dollars({ ...nothing, workerRequest: 1e6, d1RowWritten: 2e6, r2ClassA: 1e6, r2GbMonth: 100 })).toBeCloseTo(0.3 + 2 + 4.5 + 1.5, 9);
});

it("BE7 an operation is billed by what was counted of it, with a twentieth of a request for a message", () => {
  const asked = {
    ...once(measured, "edit-small"),
    requests: 2,
    objectCalls: 1,
    objectAlarms: 1,
    objectMessages: 4,
    objectD1Batches: 3,
    cpuMs: 40,
  };
  const billed = billedOf(asked);
  expect(billed.workerRequest).toBe(2);
  expect(billed.objectRequest).toBeCloseTo(2.2, 9);
  expect(billed.objectGbSecond).toBeCloseTo(0.1 * 0.128, 9);
  expect(billed.r2ClassA).toBe(asked.r2Writes);
  expect(() => once(measured, "no such thing")).toThrow(RangeError);
});

it("BE7 who does more, or has more devices connected for longer, costs more, and the storage is what he has", () => {
  const cost = (person: typeof light) => dollars(Object.values(monthOf(measured, person)).reduce(add));
  expect(cost(light)).toBeLessThan(cost(usual));
  expect(cost(usual)).toBeLessThan(cost(heavy));
  expect(cost({ ...usual, hoursConnected: usual.hoursConnected + 1 })).toBeGreaterThan(cost(usual));
  expect(monthOf(measured, { ...usual, smallEdits: 0, largeEdits: 0 })["R2 storage"].r2GbMonth).toBe(usual.gb);
  expect(reconnectionsPerDay({ ...usual, devices: 2, hoursConnected: 6 })).toBe(48);
});

it("BE7 a deletion is a commit of its own, as a rename is", () => {
  const [before, deleting, renaming] = [usual, { ...usual, deletions: usual.deletions + 7 }, { ...usual, renames: usual.renames + 7 }].map(
    (person) => ({
      edits: dollars(monthOf(measured, person).edits),
      writers: limitsOf(measured, person, { meta: 4, index: 2 }).find(({ kind }) => kind === "meta-writes")?.users ?? Number.NaN,
    }),
  );
  expect(deleting).toEqual(renaming);
  expect(deleting?.edits).toBeGreaterThan(before?.edits ?? Number.NaN);
  expect(deleting?.writers).toBeLessThan(before?.writers ?? Number.NaN);
});

it("BE8 limits come nearest first, and later with more shards where shards are what is short", () => {
  const few = limitsOf(measured, seeds.person, { meta: 4, index: 2 });
  const many = limitsOf(measured, seeds.person, { meta: 8, index: 4 });
  expect(few.map(({ users }) => users)).toEqual(few.map(({ users }) => users).toSorted((a, b) => a - b));
  const of = (limits: typeof few, kind: string) => limits.find((limit) => limit.kind === kind)?.users ?? Number.NaN;
  for (const kind of ["meta-size", "meta-writes", "index-size"]) expect(of(many, kind)).toBeCloseTo(of(few, kind) * 2, 3);
  for (const kind of ["directory-writes", "d1-account", "collector"]) expect(of(many, kind)).toBe(of(few, kind));
  expect(of(few, "meta-size")).toBeCloseTo(4e10 / databaseBytesOf(measured, seeds.person).meta, 3);
});

it("BE9 docs/SCALE.md is what the model says of what was counted", async () => {
  const text = scaleText(measured, shardsOf(readWorkers(root).api));
  expect(await readFile(join(root, "docs/SCALE.md"), "utf8"), "npm run scale writes it").toBe(text);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});

it("BE9 it follows what is counted", () => {
  const dearer: Measured = {
    ...measured,
    operations: {
      ...measured.operations,
      rowBytes: { ...measured.operations.rowBytes, metaPerFile: measured.operations.rowBytes.metaPerFile * 2 },
    },
  };
  expect(scaleText(dearer, { meta: 4, index: 2 })).not.toBe(scaleText(measured, { meta: 4, index: 2 }));
});

it("BE9 a figure has three digits that count", () => {
  expect([0, 0.001234, 1.5, 12.345, 1234.5, 1_234_567].map(count)).toEqual(["0", "0.00123", "1.5", "12.3", "1,230", "1,230,000"]);
});
