/** Nasty cases of a folder that changes while it is being synced (docs/NASTY.md has the ledger). */
import { appendFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Running } from "../support/command.ts";
import { eventually } from "../support/eventually.ts";
import { openHouse, type House } from "../support/house.ts";
import { openPair, versionsOf, type Pair } from "./pair.ts";

let house: House;
let pair: Pair;
let onA: Running;
let onB: Running;
beforeAll(async () => {
  house = await openHouse();
  pair = await openPair(house, "live@example.org");
  onA = pair.a.start();
  onB = pair.b.start();
  await writeFile(pair.on(pair.a, "first"), "first");
  await arrives("first", "first");
});
afterAll(async () => {
  await onA?.[Symbol.asyncDispose]();
  await onB?.[Symbol.asyncDispose]();
  await house?.[Symbol.asyncDispose]();
});

async function arrives(name: string, text: string): Promise<void> {
  await eventually(async () => {
    const there = await readFile(pair.on(pair.b, name), "utf8").catch(() => undefined);
    return there === text ? undefined : `${name} is ${JSON.stringify(there?.slice(0, 60))} there`;
  });
}

const line = (index: number) => `${index} `.padEnd(1000, ".").concat("\n");

/** What B was told to do to names that begin so. */
const doneTo = (name: string) =>
  onB.events.filter(({ type, path }) => type === "applied" && String(path).startsWith(name)).map(({ change }) => change);

type Dance = (path: string, text: string, gapMs: number) => Promise<void>;
const dances: readonly (readonly [string, Dance])[] = [
  [
    "written aside and renamed over",
    async (path, text, gapMs) => {
      await writeFile(`${path}.tmp`, text);
      await sleep(gapMs);
      await rename(`${path}.tmp`, path);
    },
  ],
  [
    "renamed to a backup and written anew",
    async (path, text, gapMs) => {
      await rename(path, `${path}~`);
      await sleep(gapMs);
      await writeFile(path, text);
      await rm(`${path}~`);
    },
  ],
  [
    "deleted and replaced",
    async (path, text, gapMs) => {
      await writeFile(`${path}.tmp`, text);
      await rm(path);
      await sleep(gapMs);
      await rename(`${path}.tmp`, path);
    },
  ],
];

describe("while it is being synced", () => {
  it.each(dances)("E61 a file that an editor saves (%s) gets a version of its own, and is never deleted elsewhere", async (how, dance) => {
    const name = `${how}.txt`;
    await writeFile(pair.on(pair.a, name), "before");
    await arrives(name, "before");
    for (const [index, gapMs] of [0, 30, 120].entries()) {
      await dance(pair.on(pair.a, name), `saved ${index}`, gapMs);
      await arrives(name, `saved ${index}`);
    }
    // It is told of a little later than it can be read.
    await eventually(() => (doneTo(how).length >= 4 ? undefined : `${doneTo(how).join(", ")} was told`));
    expect(doneTo(how)).toEqual(["create", "update", "update", "update"]);
    expect(await versionsOf(pair.a, name)).toHaveLength(4);
    expect((await readdir(pair.b.folder)).filter((other) => other.startsWith(how))).toEqual([name]);
  });

  it("E65 a log that is written all the time arrives as a beginning of itself, and whole when it is quiet", async () => {
    const name = "log";
    const seen: string[] = [];
    let written = "";
    for (let index = 0; index < 1000; index++) {
      written += line(index);
      await appendFile(pair.on(pair.a, name), line(index));
      if (index % 100 === 0) seen.push(await readFile(pair.on(pair.b, name), "utf8").catch(() => ""));
      await sleep(1);
    }
    await arrives(name, written);
    expect(seen.filter((text) => !written.startsWith(text))).toEqual([]);
  });

  it("E79 what is written in folders that were made, moved in or renamed a moment ago arrives", async () => {
    const { a, on } = pair;
    await mkdir(on(a, "new", "in", "depth"), { recursive: true });
    await writeFile(on(a, "new", "in", "depth", "one"), "one");
    await arrives("new/in/depth/one", "one");
    await rename(on(a, "new"), on(a, "renamed"));
    await writeFile(on(a, "renamed", "in", "depth", "two"), "two");
    await arrives("renamed/in/depth/two", "two");
    await writeFile(on(a, "renamed", "in", "depth", "three"), "three");
    await arrives("renamed/in/depth/three", "three");
    for (let index = 0; index < 400; index++) await writeFile(on(a, "renamed", `burst ${index}`), `${index}`);
    await arrives("renamed/burst 399", "399");
    await eventually(() => pair.difference());
    expect(await readdir(on(pair.b, "renamed"))).toHaveLength(401);
  });
});
