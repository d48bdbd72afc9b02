import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent, type Proxy } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { folderDifference } from "./support/tree.ts";

const MiB = 1024 * 1024;

let house: House;
let a: Device;
let b: Device;

beforeAll(async () => {
  house = await openHouse();
  const email = "early@example.org";
  a = await house.device("A", { email, register: true });
  b = await house.device("B", { email });
});
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

const blocksFetched = (proxy: Proxy) =>
  proxy.passed
    .filter(({ method, status, path }) => method === "GET" && status === 200 && path.startsWith("/v1/b/"))
    .map(({ path }) => path.slice("/v1/b/".length))
    .toSorted();

async function earlyBlocks({ home }: Device): Promise<string[]> {
  const folders = join(home, "folders");
  return (await Promise.all((await readdir(folders)).map((folder) => readdir(join(folders, folder, "early"))))).flat();
}

it("E83 the blocks of a large file are on the other device before its commit, and none is fetched again", async () => {
  await using onA = a.start();
  await using onB = b.start();
  for (const { events } of [onA, onB])
    await eventually(() => (events.some(({ type, state }) => type === "feed" && state === "live") ? undefined : "it is live"));
  a.proxy.hold(({ path }) => path === "/v1/commits");
  await writeFile(join(a.folder, "large"), seeded(seedOfThisRun()).bytes(24 * MiB));
  await eventually(() => (a.proxy.passed.some(({ path }) => path === "/v1/commits") ? undefined : "A commits"));
  const sent = blocksSent(a.proxy).toSorted();
  await eventually(() => (blocksFetched(b.proxy).length === sent.length ? undefined : "B has fetched every block"));
  expect(blocksFetched(b.proxy)).toEqual(sent);
  expect(await readdir(b.folder)).not.toContain("large");
  a.proxy.hold(undefined);
  await eventually(() => folderDifference(a.folder, b.folder));
  expect(blocksFetched(b.proxy)).toEqual(sent);
  await eventually(async () => ((await earlyBlocks(b)).length === 0 ? undefined : "nothing is kept any more"));
});
