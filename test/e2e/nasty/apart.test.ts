/** Nasty cases of devices that change things while they are apart (docs/NASTY.md has the ledger). */
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runTraced } from "../support/struck.ts";
import { openHouse, type House } from "../support/house.ts";
import { blocksSent } from "../support/proxy.ts";
import { seeded } from "../support/random.ts";
import { readTree } from "../support/tree.ts";
import { openPair, type Pair } from "./pair.ts";

let house: House;
let pair: Pair;
beforeAll(async () => {
  house = await openHouse();
  pair = await openPair(house, "apart@example.org");
});
afterAll(() => house?.[Symbol.asyncDispose]());

const names = async (path: string) => (await readdir(path)).filter((name) => name !== ".ashlar").toSorted();
/** Of a name that makes a path long. */
const level = (index: number) => `${index}`.padEnd(25, "x");
const traced = (strace: readonly string[], thread: "main" | "worker") =>
  runTraced(thread, strace, { folder: pair.b.folder, home: pair.b.home, log: join(house.directory, "strace.log") });

describe("while apart", () => {
  it("E62 a file replaced by a folder and back, edited there meanwhile: the folder wins its name, and the edit is kept beside it", async () => {
    const { a, b, on } = pair;
    await writeFile(on(a, "kind"), "a file");
    await pair.meet();
    await rm(on(a, "kind"));
    await mkdir(on(a, "kind"));
    await writeFile(on(a, "kind", "inside"), "in the folder");
    await writeFile(on(b, "kind"), "edited there");
    await pair.meet([0, 3]);
    expect(await pair.difference()).toBeUndefined();
    expect(await readFile(on(b, "kind", "inside"), "utf8")).toBe("in the folder");
    const beside = (await names(a.folder)).filter((name) => name.startsWith("kind "));
    expect(await Promise.all(beside.map((name) => readFile(on(a, name), "utf8")))).toEqual(["edited there"]);
    await rm(on(a, beside[0] ?? ""));
    await rm(on(a, "kind"), { recursive: true });
    await writeFile(on(a, "kind"), "a file again");
    await pair.meet();
    expect(await pair.difference()).toBeUndefined();
  });

  it("E63 swaps and a cycle of three send no content", async () => {
    const { a, b, on } = pair;
    const random = seeded(63);
    for (const name of ["one", "two", "three"]) await writeFile(on(a, name), random.bytes(100_000));
    await pair.meet();
    const [sent, content] = [blocksSent(a.proxy).length, await readFile(on(a, "three"))];
    await rename(on(a, "one"), on(a, "aside"));
    await rename(on(a, "three"), on(a, "one"));
    await rename(on(a, "two"), on(a, "three"));
    await rename(on(a, "aside"), on(a, "two"));
    await pair.meet();
    expect(await pair.difference()).toBeUndefined();
    expect((await readFile(on(b, "one"))).equals(content)).toBe(true);
    expect(blocksSent(a.proxy).length).toBe(sent);
  });

  it("E64 an edit that keeps size and mtime is sent", async () => {
    const { a, b, on } = pair;
    const then = new Date("2020-02-02T02:02:02Z");
    await writeFile(on(a, "same size"), "before");
    await utimes(on(a, "same size"), then, then);
    await pair.meet();
    await writeFile(on(a, "same size"), "after!");
    await utimes(on(a, "same size"), then, then);
    await pair.meet();
    expect(await readFile(on(b, "same size"), "utf8")).toBe("after!");
  });

  it("E66 a rename of case alone is a rename, and two names that differ by case are two files here", async () => {
    const { a, b, on } = pair;
    await writeFile(on(a, "case"), "case");
    await pair.meet();
    const { ino } = await stat(on(b, "case"));
    await rename(on(a, "case"), on(a, "Case"));
    await pair.meet();
    expect((await stat(on(b, "Case"))).ino).toBe(ino);
    await writeFile(on(b, "CASE"), "another");
    await pair.meet();
    expect((await names(a.folder)).filter((name) => /^case$/i.test(name))).toEqual(["CASE", "Case"]);
  });

  it("E67 a name that is not UTF-8, and a second form of one name, wait with their reasons while all else is synced", async () => {
    const { a, b, on } = pair;
    const broken = Buffer.concat([Buffer.from(`${a.folder}/`), Buffer.from([0x62, 0xff, 0x64])]);
    await writeFile(broken, "not UTF-8");
    await writeFile(on(a, "\u00e9t\u00e9"), "composed");
    await writeFile(on(a, "e\u0301te\u0301"), "decomposed");
    await writeFile(on(a, "a:b?.  "), "what Windows cannot hold");
    await a.once([3]);
    await b.once();
    expect((await pair.waiting(a)).map(({ reason }) => reason).toSorted()).toEqual(["bad-name", "clash"]);
    expect(await readFile(on(b, "a:b?.  "), "utf8")).toBe("what Windows cannot hold");
    await rm(broken);
    await rm(on(a, "\u00e9t\u00e9"));
    await pair.meet();
    expect(await pair.difference()).toBeUndefined();
  });

  it("E68 no date of a file decides anything, however odd", async () => {
    const { a, b, on } = pair;
    const dates: readonly [string, number][] = [
      ["1970", 0],
      ["before 1970", -86_400],
      ["in a year", Date.now() / 1000 + 31_536_000],
      ["2262", 9_214_646_400],
    ];
    for (const [name, seconds] of dates) {
      await writeFile(on(a, name), "by A");
      await utimes(on(a, name), seconds, seconds);
    }
    await pair.meet();
    for (const [name] of dates)
      expect(Math.round((await stat(on(b, name))).mtimeMs / 1000)).toBe(Math.round((await stat(on(a, name))).mtimeMs / 1000));
    // Older than what it replaces, and the newer all the same.
    await writeFile(on(b, "in a year"), "by B");
    await utimes(on(b, "in a year"), 1, 1);
    await b.once();
    await a.once();
    expect(await readFile(on(a, "in a year"), "utf8")).toBe("by B");
  });

  it("E69 a disk that is full for what comes: it waits with the reason, nothing is cut short or deleted, and it comes when there is room", async () => {
    const { a, b, on } = pair;
    await writeFile(on(a, "fits not"), "before");
    await pair.meet();
    // Long enough to be written by a thread of the pool: what is short goes out where the database writes as well.
    await writeFile(on(a, "fits not"), "after, and longer ".repeat(10_000));
    await writeFile(on(a, "fits not either"), "new ".repeat(30_000));
    await a.once();
    const full = await traced(["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=1+"], "worker");
    expect(full).toMatchObject({ code: 3 });
    expect((await pair.waiting(b)).map(({ path, reason }) => `${path} ${reason}`).toSorted()).toEqual([
      "fits not either no-space",
      "fits not no-space",
    ]);
    expect(await readFile(on(b, "fits not"), "utf8")).toBe("before");
    await b.once();
    expect(await pair.difference()).toBeUndefined();
  });

  it("E70 a folder that cannot be listed is unknown and not empty: nothing in it is deleted", async () => {
    const { a, b, on } = pair;
    await mkdir(on(a, "closed"));
    await writeFile(on(a, "closed", "in it"), "in it");
    await pair.meet();
    const closed = await traced(["-P", on(b, "closed"), "-e", "trace=getdents64", "-e", "inject=getdents64:error=EACCES:when=1+"], "main");
    const closedToWorker = await traced(
      ["-P", on(b, "closed"), "-e", "trace=getdents64", "-e", "inject=getdents64:error=EACCES:when=1+"],
      "worker",
    );
    const met = [closed, closedToWorker].filter(({ trace }) => trace.includes("(INJECTED)"));
    expect(met.map(({ code }) => code)).toEqual([3]);
    expect(met[0]?.output).toContain('"reason":"unreadable"');
    await pair.meet();
    expect(await readFile(on(a, "closed", "in it"), "utf8")).toBe("in it");
  });

  it("E71 links that loop or lead out of the folder are links, and nothing is written through one", async () => {
    const { a, b, on } = pair;
    const outside = join(house.directory, "outside");
    await mkdir(outside);
    await symlink(".", on(a, "loop"));
    await symlink(outside, on(a, "out"));
    await mkdir(on(a, "folder"));
    await writeFile(on(a, "folder", "file"), "file");
    await pair.meet();
    await writeFile(on(a, "folder", "file"), "edited");
    await rm(on(b, "folder"), { recursive: true });
    await symlink(outside, on(b, "folder"));
    await pair.meet([0, 3]);
    expect(await readdir(outside)).toEqual([]);
    expect(await pair.difference()).toBeUndefined();
    expect([...(await readTree(a.folder)).values()].filter((what) => what === `link to ${outside}`).length).toBeGreaterThan(0);
    for (const name of await names(a.folder)) if (name.startsWith("folder")) await rm(on(a, name), { recursive: true });
    await pair.meet([0, 3]);
  });

  it("E72 a tree of long paths is synced; what is moved too deep below it waits, and the rest goes on", async () => {
    const { a, b, on } = pair;
    const deep = join("deep", ...Array.from({ length: 120 }, (_, index) => level(index)));
    await mkdir(on(a, deep), { recursive: true });
    await writeFile(on(a, deep, "at the bottom"), "deep");
    await mkdir(on(a, "shallow", ...Array.from({ length: 9 }, (_, index) => `${index}`)), { recursive: true });
    await pair.meet();
    expect(await readFile(on(b, deep, "at the bottom"), "utf8")).toBe("deep");
    await rename(on(a, "shallow"), on(a, deep, "shallow"));
    await writeFile(on(a, "meanwhile"), "meanwhile");
    await a.once([3]);
    await b.once([0, 3]);
    expect((await pair.waiting(a)).map(({ reason }) => reason)).toEqual(expect.arrayContaining(["too-deep"]));
    expect(await readFile(on(b, "meanwhile"), "utf8")).toBe("meanwhile");
    await rename(on(a, deep, "shallow"), on(a, "shallow"));
    await pair.meet([0, 3]);
    expect(await pair.difference()).toBeUndefined();
  });

  it("E76 the same made twice is no conflict, folders merge, and an edit and a rename both apply", async () => {
    const { a, b, on } = pair;
    await writeFile(on(a, "to be renamed"), "before");
    await pair.meet();
    for (const device of [a, b]) {
      await mkdir(on(device, "both made it"));
      await writeFile(on(device, "both made it", "equal"), "equal");
      await writeFile(on(device, "both made it", `only ${device === a ? "A" : "B"}`), "one");
    }
    await writeFile(on(a, "to be renamed"), "edited by A");
    await rename(on(b, "to be renamed"), on(b, "renamed by B"));
    await pair.meet();
    expect(await pair.difference()).toBeUndefined();
    expect(await names(on(b, "both made it"))).toEqual(["equal", "only A", "only B"]);
    expect(await readFile(on(a, "renamed by B"), "utf8")).toBe("edited by A");
  });

  it.each(["the edit", "the deletion"])(
    "E77 an edit beats a deletion, and a new file keeps its folder, when %s is sent first",
    async (first) => {
      const { a, b, on } = pair;
      await mkdir(on(a, `doomed ${first}`));
      await writeFile(on(a, `doomed ${first}`, "edited"), "before");
      await writeFile(on(a, `doomed ${first}`, "not edited"), "before");
      await pair.meet();
      await rm(on(a, `doomed ${first}`), { recursive: true });
      await writeFile(on(b, `doomed ${first}`, "edited"), "after");
      await writeFile(on(b, `doomed ${first}`, "new"), "new");
      await (first === "the edit" ? b : a).once();
      await pair.meet();
      expect(await pair.difference()).toBeUndefined();
      expect(await names(on(a, `doomed ${first}`))).toEqual(["edited", "new"]);
      expect(await readFile(on(a, `doomed ${first}`, "edited"), "utf8")).toBe("after");
    },
  );

  it("E77 files that are left out keep a folder that another device deletes, and the status says so", async () => {
    const { a, b, on } = pair;
    await mkdir(on(a, "half ignored"));
    await writeFile(on(a, "half ignored", "file"), "file");
    await pair.meet();
    await writeFile(on(b, "half ignored", "scratch~"), "not synced");
    await rm(on(a, "half ignored"), { recursive: true });
    await a.once();
    await b.once([3]);
    expect(await pair.waiting(b)).toMatchObject([{ path: "half ignored", reason: "not-empty" }]);
    expect(await names(on(b, "half ignored"))).toEqual(["scratch~"]);
    await rm(on(b, "half ignored", "scratch~"));
    await pair.meet();
  });

  it("E78 of two folders moved into each other one move stays, with nothing doubled or lost", async () => {
    const { a, b, on } = pair;
    for (const name of ["left", "right"]) {
      await mkdir(on(a, name));
      await writeFile(on(a, name, `of ${name}`), name);
    }
    await pair.meet();
    await rename(on(a, "left"), on(a, "right", "left"));
    await rename(on(b, "right"), on(b, "left", "right"));
    await pair.meet();
    expect(await pair.difference()).toBeUndefined();
    const found = [...(await readTree(a.folder)).keys()].filter((path) => /^(left|right)/.test(path)).toSorted();
    expect(found).toEqual(["right", "right/left", "right/left/of left", "right/of right"]);
  });

  it("E80 a client's database put back from an older copy is no reason to delete or double anything", async () => {
    const { a, b, on } = pair;
    await writeFile(on(a, "old one"), "old");
    await pair.meet();
    const [id = ""] = await readdir(join(a.home, "folders"));
    const state = join(a.home, "folders", id, "state.sqlite");
    await copyFile(state, `${state}.copy`);
    await writeFile(on(a, "newer"), "newer");
    await writeFile(on(a, "old one"), "edited");
    await rm(on(a, "meanwhile"));
    await pair.meet();
    await writeFile(on(b, "old one"), "edited again by B");
    await b.once();
    for (const suffix of ["", "-wal", "-shm"]) await rm(state + suffix, { force: true });
    await rename(`${state}.copy`, state);
    await chmod(state, 0o600);
    await pair.meet([0, 3]);
    expect(await pair.difference()).toBeUndefined();
    expect(await readFile(on(a, "newer"), "utf8")).toBe("newer");
    const versions = await Promise.all(
      (await names(a.folder)).filter((name) => name.startsWith("old one")).map((name) => readFile(on(a, name), "utf8")),
    );
    expect(versions).toContain("edited again by B");
  });
});
