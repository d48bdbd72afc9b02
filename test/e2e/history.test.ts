import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines, type Ended, type Event } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import type { Passed } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { difference, folderDifference, readTree } from "./support/tree.ts";

const random = seeded(seedOfThisRun());

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

let accounts = 0;
/** Two devices of a new account, equal, with these files. */
async function equalPair(files: Readonly<Record<string, string | Buffer>>): Promise<{ a: Device; b: Device }> {
  const email = `history${++accounts}@example.org`;
  const a = await house.device(`A${accounts}`, { email, register: true });
  const b = await house.device(`B${accounts}`, { email });
  await mkdir(a.folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) await write(a, path, content);
  await a.once();
  await b.once();
  return { a, b };
}

async function write(device: Device, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(device.folder, path)), { recursive: true });
  await writeFile(join(device.folder, path), content);
}

const text = (device: Device, path: string) => readFile(join(device.folder, path), "utf8");

async function told(device: Device, args: readonly string[], code = 0): Promise<Event[]> {
  const ended = await device.run([...args, "--json"], { cwd: device.folder });
  expectCode(ended, code);
  return jsonLines(ended.stdout);
}

/** Much is deleted here on purpose. */
async function syncAllowed(device: Device): Promise<void> {
  expectCode(await device.run(["sync", device.folder, "--once", "--allow-mass-delete"]), 0);
}

function expectCode(ended: Ended, code: number): void {
  if (ended.code !== code) throw new Error(`ended with ${ended.code} instead of ${code}: ${ended.stderr}\n${ended.stdout.slice(-2000)}`);
}

/** The server's time of the last change, from the audit trail. */
async function lastChangeMs(device: Device): Promise<number> {
  const last = (await told(device, ["log"])).findLast(({ type }) => type === "change");
  return Number(last?.["atMs"]);
}

const iso = (ms: number) => new Date(ms).toISOString();

it("V20 a file edited thrice has its versions, and gets an older one back as a new version", async () => {
  const { a, b } = await equalPair({ "docs/a.txt": "one" });
  for (const content of ["two, longer", "three"]) {
    await write(a, "docs/a.txt", content);
    await a.once();
  }
  const listed = (await told(a, ["versions", "docs/a.txt"])).map(({ version, size, current, deviceName }) => [
    version,
    size,
    current,
    deviceName,
  ]);
  expect(listed).toEqual([
    [3, 5, true, a.name],
    [2, 11, false, a.name],
    [1, 3, false, a.name],
  ]);
  const blocks = b.proxy.passed.filter(({ method }) => method === "PUT").length;
  expect((await told(b, ["restore", "docs/a.txt"])).at(-1)).toMatchObject({ type: "restored", path: "docs/a.txt", version: 2 });
  await b.once();
  expect(await text(b, "docs/a.txt")).toBe("two, longer");
  // Relative to the working directory as well.
  expectCode(await b.run(["restore", "a.txt", "--version", "1"], { cwd: join(b.folder, "docs") }), 0);
  await a.once();
  expect(await text(a, "docs/a.txt")).toBe("one");
  expect((await told(a, ["versions", "docs/a.txt"])).map(({ version }) => version)).toEqual([5, 4, 3, 2, 1]);
  expect(b.proxy.passed.filter(({ method }) => method === "PUT")).toHaveLength(blocks);
  expectCode(await b.run(["restore", "docs/a.txt", "--version", "9"]), 1);
  expectCode(await b.run(["versions", "no such file"]), 1);
});

it("V21 a deleted folder is one line of the trash and comes back with all that was in it, beside what took its place", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `photos/${index % 3}/picture ${index}.jpg`);
  const others = Array.from({ length: 100 }, (_, index) => `others/${index}`);
  const { a, b } = await equalPair(Object.fromEntries([...names, ...others].map((name) => [name, name])));
  const before = await readTree(a.folder);
  const nodes = new Map((await told(a, ["log", "--path", "photos"])).map(({ path, node }) => [path, node]));
  await rm(join(a.folder, "photos"), { recursive: true });
  await syncAllowed(a);
  const [entry, ...more] = await told(b, ["trash"]);
  expect(entry).toMatchObject({ type: "deleted", path: "photos", kind: "folder", deviceName: a.name });
  expect(more).toEqual([]);

  expect((await told(b, ["restore", "photos"])).at(-1)).toMatchObject({ type: "restored", path: "photos", files: 30, folders: 4 });
  await syncAllowed(a);
  await syncAllowed(b);
  expect(difference(await readTree(a.folder), before)).toBeUndefined();
  expect(await folderDifference(a.folder, b.folder)).toBeUndefined();
  const restored = (await told(a, ["log", "--path", "photos"])).filter(({ change }) => change === "restore");
  expect(restored.map(({ path, node }) => [path, node]).every(([path, node]) => nodes.get(path) === node)).toBe(true);

  // A single file, whose folder is gone too, and whose name is taken by then.
  await rm(join(a.folder, "photos"), { recursive: true });
  await syncAllowed(a);
  await write(a, "photos/1/picture 1.jpg", "another picture");
  await syncAllowed(a);
  expect((await told(a, ["restore", "photos/0/picture 3.jpg"])).at(-1)).toMatchObject({ path: "photos/0/picture 3.jpg", files: 1 });
  const trash = (await told(a, ["trash"])).map(({ path }) => path);
  expect(trash).toContain("photos");
  expect((await told(a, ["restore", "photos/2"])).at(-1)).toMatchObject({ path: "photos/2", files: 10 });
  await syncAllowed(a);
  expect(await text(a, "photos/0/picture 3.jpg")).toBe("photos/0/picture 3.jpg");
  expect(await text(a, "photos/1/picture 1.jpg")).toBe("another picture");
});

it("V22 ransomware: files that were overwritten and renamed are what they were on both devices after a rewind", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`work/${index % 7}/file ${index}.txt`, random.bytes(random.integer(1, 3000))]),
  );
  const { a, b } = await equalPair(files);
  const before = await readTree(a.folder);
  const moment = await lastChangeMs(a);
  for (const path of Object.keys(files)) {
    await write(a, path, random.bytes(500));
    await rename(join(a.folder, path), join(a.folder, `${path}.locked`));
  }
  await write(a, "work/READ ME.txt", "pay");
  await syncAllowed(a);
  await syncAllowed(b);
  const locked = await readTree(b.folder);
  expect(locked.has("work/0/file 0.txt.locked")).toBe(true);

  expectCode(await b.run(["rewind", ".", "--to", iso(moment)], { cwd: b.folder }), 2);
  const asked = await told(b, ["rewind", ".", "--to", iso(moment), "--yes"]);
  expect(asked[0]).toMatchObject({ type: "plan", path: "", lost: [] });
  expect(asked.at(-1)).toMatchObject({ type: "rewound", left: [] });
  for (const device of [a, b]) await syncAllowed(device);
  expect(difference(await readTree(a.folder), before)).toBeUndefined();
  expect(difference(await readTree(b.folder), before)).toBeUndefined();
  expect((await told(a, ["rewind", ".", "--to", iso(moment)]))[0]).toMatchObject({ type: "plan", steps: 0 });
});

it("V23 a restore and a rewind that race with edits of another device lose nothing (I5)", async () => {
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`d/${index}`, `first ${index}`]));
  const { a, b } = await equalPair(files);
  const moment = await lastChangeMs(a);
  for (let index = 0; index < 60; index++) await write(a, `d/${index}`, `second ${index}`);
  await a.once();
  await b.once();
  await using running = a.start();
  await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is equal"));
  const edits = (async () => {
    for (let index = 0; index < 60; index++) await write(a, `d/${index}`, `the third ${index}`);
  })();
  const [rewound, restored] = await Promise.all([
    b.run(["rewind", "d", "--to", iso(moment), "--yes", "--json"], { cwd: b.folder }),
    b.run(["restore", "d/7", "--version", "1", "--json"], { cwd: b.folder }),
    edits,
  ]);
  expect([0, 3]).toContain(rewound.code);
  expect([0, 1, 2, 3]).toContain(restored.code);
  await eventually(async () => {
    await b.once([0, 3]);
    return folderDifference(a.folder, b.folder);
  });
  // Every text that ever was is the present one, a version before it, or in a copy.
  const contents = new Map<string, unknown>();
  for (const [path, what] of await readTree(a.folder)) if (what.startsWith("file")) contents.set(await text(a, path), path);
  for (const index of [0, 7, 30, 59]) {
    const versions = await told(b, ["versions", `d/${index}`]);
    const sizes = new Set(versions.map(({ size }) => size));
    for (const content of [`first ${index}`, `second ${index}`, `the third ${index}`])
      expect(contents.has(content) || sizes.has(content.length)).toBe(true);
  }
});

it("V24 a rewind whose connection is cut goes on when it is run again", async () => {
  const files = Object.fromEntries(Array.from({ length: 1200 }, (_, index) => [`many/${index % 11}/${index}`, `${index}`]));
  const { a, b } = await equalPair(files);
  const before = await readTree(a.folder);
  const moment = await lastChangeMs(a);
  for (let folder = 0; folder < 11; folder++) await rename(join(a.folder, `many/${folder}`), join(a.folder, `many/moved ${folder}`));
  await a.once();
  await rm(join(a.folder, "many"), { recursive: true });
  await syncAllowed(a);
  let first: Passed | undefined;
  b.proxy.watch((passed) => {
    if (passed.path !== "/v1/commits") return;
    first ??= passed;
    if (passed !== first) b.proxy.offline(true);
  });
  const cut = await b.run(["rewind", "many", "--to", iso(moment), "--yes"], { cwd: b.folder });
  expectCode(cut, 1);
  expect(cut.stderr).toContain("What was done stays");
  b.proxy.watch(undefined);
  b.proxy.offline(false);
  expectCode(await b.run(["rewind", "many", "--to", iso(moment), "--yes"], { cwd: b.folder }), 0);
  await a.once();
  expect(difference(await readTree(a.folder), before)).toBeUndefined();
});
