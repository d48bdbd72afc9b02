import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hashOfFile, overwrite } from "./support/edits.ts";
import { openHouse, type House } from "./support/house.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const name = "big.bin";
const edits = 5;
const random = seeded(seedOfThisRun());

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

it("E32 a device that was away while a file changed several times gets what changed, and the next one what was kept for it", async () => {
  const email = "away@example.org";
  const a = await house.device("A", { email, register: true });
  const [b, c] = [await house.device("B", { email }), await house.device("C", { email })];
  await mkdir(a.folder, { recursive: true });
  const path = join(a.folder, name);
  await writeFile(path, random.bytes(24 * MiB));
  for (const device of [a, b, c]) await device.once();
  for (let edit = 0; edit < edits; edit++) {
    for (const at of [5 * MiB, 15 * MiB]) await overwrite(path, at + 200 * edit, random.bytes(100));
    await a.once();
  }
  for (const [device, asks] of [
    [b, 2],
    [c, 0],
  ] as const) {
    const [before, from] = [device.proxy.wire().down, device.proxy.passed.length];
    await device.once();
    const passed = device.proxy.passed.slice(from);
    const bytes = device.proxy.wire().down - before;
    console.log(`${device.name}, after ${edits} edits of 200 B each: ${bytes} B down in ${passed.length} requests`);
    expect(await hashOfFile(join(device.folder, name))).toBe(await hashOfFile(path));
    expect(passed.filter((request) => /^\/v1\/blocks\/\w+\/delta$/.test(request.path)).length).toBe(asks);
    expect(passed.filter((request) => request.path.startsWith("/v1/b/"))).toEqual([]);
    expect(bytes).toBeLessThan(16 * KiB);
  }
});
