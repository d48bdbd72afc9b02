import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Running } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent, type Passed, type Proxy } from "./support/proxy.ts";
import { seeded, seedOfThisRun, type Random } from "./support/random.ts";
import { difference, folderDifference, readTree } from "./support/tree.ts";

const MiB = 1024 * 1024;
const rounds = 20;
/** A moment that never comes, because there was less to send than thought, is replaced by this one. */
const latestMomentMs = 8000;

type Victim = "client in mid-upload" | "client in mid-download" | "server in mid-commit";
const victims: readonly Victim[] = ["client in mid-upload", "client in mid-download", "server in mid-commit"];

let house: House;
let a: Device;
let b: Device;
let onA: Running;
let onB: Running;
const random = seeded(seedOfThisRun());
/** What a person saved on A, by name: all of it must be there in the end. */
const saved = new Map<string, Buffer>();

beforeAll(async () => {
  house = await openHouse();
  const email = "kill@example.org";
  a = await house.device("A", { email, register: true });
  b = await house.device("B", { email });
  await mkdir(a.folder, { recursive: true });
  onA = a.start();
  onB = b.start();
});
afterAll(async () => {
  await onA?.[Symbol.asyncDispose]();
  await onB?.[Symbol.asyncDispose]();
  await house?.[Symbol.asyncDispose]();
});

async function save(name: string, bytes: Buffer): Promise<void> {
  await mkdir(join(a.folder, name, ".."), { recursive: true });
  await writeFile(join(a.folder, name), bytes);
  saved.set(name, bytes);
}

async function work(round: number, chance: Random): Promise<void> {
  await save(`large ${round}.bin`, chance.bytes(chance.integer(5, 10) * MiB));
  for (let index = 0; index < 20; index++)
    await save(`folder ${round % 4}/small ${round} ${index}.txt`, chance.bytes(chance.integer(0, 9000)));
  const former = [...saved.keys()];
  await save(chance.pick(former), chance.bytes(chance.integer(1, 2 * MiB)));
  const gone = chance.pick(former);
  await rm(join(a.folder, gone));
  saved.delete(gone);
}

/** Resolves when that many bytes of bodies have gone by since now, or at the latest moment. */
async function afterBytes(proxy: Proxy, bytes: number): Promise<void> {
  const until = proxy.bytes() + bytes;
  const { promise, resolve } = Promise.withResolvers<void>();
  proxy.watch(() => proxy.bytes() >= until && resolve());
  await Promise.race([promise, sleep(latestMomentMs)]);
  proxy.watch(undefined);
}

/** Resolves some ms after the next commit began to arrive, or at the latest moment. */
async function inCommit(proxy: Proxy, delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  proxy.watch(({ path }: Passed) => path === "/v1/commits" && resolve());
  await Promise.race([promise, sleep(latestMomentMs)]);
  proxy.watch(undefined);
  await sleep(delayMs);
}

async function kill(victim: Victim): Promise<void> {
  switch (victim) {
    case "client in mid-upload":
      await afterBytes(a.proxy, random.integer(0, 4.5 * MiB));
      onA.kill("SIGKILL");
      await onA.ended;
      onA = a.start();
      return;
    case "client in mid-download":
      await afterBytes(b.proxy, random.integer(0, 4.5 * MiB));
      onB.kill("SIGKILL");
      await onB.ended;
      onB = b.start();
      return;
    case "server in mid-commit":
      await inCommit(a.proxy, random.integer(0, 40));
      await house.killEdge();
      await house.startEdge();
      for (const device of [a, b]) await device.run(["refresh", device.folder]);
  }
}

async function savedIsOn(device: Device): Promise<string | undefined> {
  for (const [name, bytes] of saved) {
    const there = await readFile(join(device.folder, name)).catch(() => undefined);
    if (there === undefined) return `${name} is on ${device.name}`;
    if (!there.equals(bytes)) return `${name} on ${device.name} is as it was saved`;
  }
  return undefined;
}

it.each(Array.from({ length: rounds }, (_, round) => ({ round, victim: random.pick(victims) })))(
  "E5 round $round: after kill -9 of a $victim everything that was saved arrives",
  async ({ round, victim }) => {
    const moment = kill(victim);
    await work(round, random);
    await moment;
    await eventually(async () => (await savedIsOn(b)) ?? folderDifference(a.folder, b.folder), 90_000);
    expect(await savedIsOn(a)).toBeUndefined();
    expect([onA, onB].map((running) => running.exitCode())).toEqual([undefined, undefined]);
  },
);

it("E5 nothing but what was saved is there, and no conflict came of it", async () => {
  const files = [...(await readTree(b.folder))].filter(([, what]) => what.startsWith("file"));
  expect(files.map(([path]) => path).toSorted()).toEqual([...saved.keys()].toSorted());
});

it("E6 no block that had arrived was sent again", () => {
  const sent = blocksSent(a.proxy);
  expect(sent.length).toBeGreaterThan(rounds);
  expect(sent.length - new Set(sent).size).toBe(0);
});

it("E6 an upload through a connection that is cut again and again sends every block once", async () => {
  const before = blocksSent(a.proxy).length;
  await save("through a bad line.bin", random.bytes(30 * MiB));
  for (let cut = 0; cut < 10; cut++) {
    await afterBytes(a.proxy, random.integer(0, 4 * MiB));
    a.proxy.cut();
  }
  await eventually(async () => (await savedIsOn(b)) ?? folderDifference(a.folder, b.folder), 120_000);
  const sent = blocksSent(a.proxy).slice(before);
  expect(sent.length - new Set(sent).size).toBe(0);
  expect(difference(await readTree(a.folder), await readTree(b.folder))).toBeUndefined();
});
