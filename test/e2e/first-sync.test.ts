import { mkdir, readdir } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines } from "./support/command.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { writeRealFiles } from "./support/real-files.ts";
import { difference, readTree } from "./support/tree.ts";

let house: House;
let a: Device;
let b: Device;
beforeAll(async () => {
  house = await openHouse();
  const email = "first@example.org";
  a = await house.device("A", { email, register: true });
  b = await house.device("B", { email });
});
afterAll(() => house[Symbol.asyncDispose]());

it("E1 a tree of 500 real files becomes equal on a second device", async () => {
  await mkdir(a.folder, { recursive: true });
  const count = await writeRealFiles(a.folder, seeded(seedOfThisRun()));
  expect(count).toBe(500);
  const before = await readTree(a.folder);

  const up = jsonLines((await a.once()).stdout);
  expect(up.at(-1)).toMatchObject({ type: "outcome", state: "equal", conflicts: [], waiting: [] });
  await b.once();

  expect(difference(before, await readTree(b.folder))).toBeUndefined();
  expect(difference(before, await readTree(a.folder))).toBeUndefined();
  expect(await readdir(b.folder)).toContain("link to plain");
});

it("E7 equal bytes in one tree were sent once", () => {
  const sent = blocksSent(a.proxy);
  expect(sent.length).toBeGreaterThan(0);
  expect(new Set(sent).size).toBe(sent.length);
  expect(blocksSent(b.proxy)).toEqual([]);
});

it("E4 a second sync of equal sides sends and fetches nothing", async () => {
  const passed = a.proxy.passed.length + b.proxy.passed.length;
  await a.once();
  await b.once();
  const more = [...a.proxy.passed, ...b.proxy.passed].length - passed;
  const writes = [...a.proxy.passed, ...b.proxy.passed].filter(({ method, path }) => method === "PUT" || path === "/v1/commits");
  await a.once();
  await b.once();
  const writesAfter = [...a.proxy.passed, ...b.proxy.passed].filter(({ method, path }) => method === "PUT" || path === "/v1/commits");
  expect(writesAfter.length).toBe(writes.length);
  // A look at the journal each, and little else.
  expect(more).toBeLessThanOrEqual(8);
});

it("M17 log lists the changes in order, each once", async () => {
  const { code, stdout } = await b.run(["log", b.folder, "--json"]);
  expect(code).toBe(0);
  const seqs = jsonLines(stdout).map((line) => line["seq"]);
  expect(seqs.length).toBeGreaterThanOrEqual(500);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  const since = await b.run(["log", "--since", String(seqs.length - 1), "--json"]);
  expect(jsonLines(since.stdout).map((line) => line["seq"])).toEqual([seqs.length]);
});

it("M14 status shows an equal folder that nobody syncs now", async () => {
  const { code, stdout } = await b.run(["status", b.folder, "--json"]);
  expect(code).toBe(0);
  expect(jsonLines(stdout)).toEqual([
    expect.objectContaining({ type: "status", folder: b.folder, running: null, pending: 0, waiting: [], conflicts: [] }),
  ]);
});
