/** What a tree of many small files costs: counted at the edge, where it is billed. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Counts, countingRoot, takeCounts } from "./support/counting-edge.ts";
import { type House, openHouse } from "./support/house.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { difference, readTree } from "./support/tree.ts";

const files = 10_000;
const filesPerFolder = 100;
const fileBytes = 4096;

let house: House;
beforeAll(async () => {
  house = await openHouse({}, { makeRoot: countingRoot });
});
afterAll(() => house[Symbol.asyncDispose]());

it("E49 10,000 files of 4 KB take at most 60 R2 writes and 60 requests up, and 60 requests down on a new device", async () => {
  const random = seeded(seedOfThisRun());
  const email = "small@example.org";
  const a = await house.device("A", { email, register: true, direct: true });
  const b = await house.device("B", { email, direct: true });
  for (let at = 0; at < files; at++) {
    const folder = join(a.folder, `folder ${Math.floor(at / filesPerFolder)}`);
    if (at % filesPerFolder === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file ${at}`), random.bytes(fileBytes));
  }
  await takeCounts(house);
  await a.once();
  const up: Counts = await takeCounts(house);
  await b.once();
  const down: Counts = await takeCounts(house);
  expect(difference(await readTree(a.folder), await readTree(b.folder))).toBeUndefined();
  console.log("10,000 files up", up, "down", down);
  expect(up.r2Writes).toBeGreaterThan(0);
  expect(up.r2Writes).toBeLessThanOrEqual(60);
  expect(up.requests).toBeLessThanOrEqual(60);
  expect(down.requests).toBeLessThanOrEqual(60);
  expect(down.r2Writes).toBe(0);
}, 900_000);
