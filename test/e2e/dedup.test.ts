import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { folderDifference } from "./support/tree.ts";

const MiB = 1024 * 1024;
const bytes = seeded(seedOfThisRun()).bytes(9 * MiB);

let house: House;
let a: Device;
let b: Device;
beforeAll(async () => {
  house = await openHouse();
  const email = "dedup@example.org";
  a = await house.device("A", { email, register: true });
  b = await house.device("B", { email });
  await mkdir(a.folder, { recursive: true });
  await writeFile(join(a.folder, "original.bin"), bytes);
  await a.once();
});
afterAll(() => house?.[Symbol.asyncDispose]());

it("E7 a second device that has the same bytes already sends and fetches no block", async () => {
  await mkdir(b.folder, { recursive: true });
  await writeFile(join(b.folder, "original.bin"), bytes);
  await writeFile(join(b.folder, "under another name.bin"), bytes);
  await b.once();
  await a.once();
  expect(await folderDifference(a.folder, b.folder)).toBeUndefined();
  expect((await readFile(join(a.folder, "under another name.bin"))).equals(bytes)).toBe(true);
  expect(blocksSent(b.proxy)).toEqual([]);
  expect([...a.proxy.passed, ...b.proxy.passed].filter(({ path }) => path.startsWith("/v1/b/"))).toEqual([]);
});

it("E7 a copy under a second name sends no block", async () => {
  const before = blocksSent(a.proxy).length;
  expect(before).toBeGreaterThan(1);
  await copyFile(join(a.folder, "original.bin"), join(a.folder, "copy.bin"));
  await a.once();
  expect(blocksSent(a.proxy).length).toBe(before);
});

it("E7 another account that has the same bytes sends them, since it has not proven to have them", async () => {
  const stranger = await house.device("S", { email: "stranger@example.org", register: true });
  await mkdir(stranger.folder, { recursive: true });
  await writeFile(join(stranger.folder, "mine.bin"), bytes);
  await stranger.once();
  expect(new Set(blocksSent(stranger.proxy))).toEqual(new Set(blocksSent(a.proxy)));
});
