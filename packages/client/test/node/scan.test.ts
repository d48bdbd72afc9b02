import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { rootId } from "@ashlar/shared/ids";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDisk } from "../../src/node/disk.ts";
import type { Disk, RelativePath } from "../../src/ports.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { scan } from "../../src/scan/scan.ts";
import type { Hindrance, ScanResult } from "../../src/scan/types.ts";
import { FaultDisk } from "../support/fault-disk.ts";
import { makePipe } from "../support/pipe.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { View, idSequence } from "../support/view.ts";

/** A real folder and what scans have seen of it. The clock of the scans runs an hour ahead: nothing is racy. */
async function realFolder() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const view = new View();
  const newId = idSequence();
  let met: readonly Hindrance[] = [];
  const look = async (disk: Disk = openDisk(folder.path), folders: ReadonlySet<RelativePath> | "all" = "all"): Promise<ScanResult> => {
    const result = await scan({ disk, view, rootId, folders, waiting: met, ignore: loadIgnore(disk), newId });
    if (folders === "all") met = result.hindrances.filter(({ reason }) => reason !== "moved-away");
    view.apply(result.observations, Date.now() + 3_600_000);
    return result;
  };
  const at = (path: string) => join(folder.path, path);
  return { root: folder.path, at, view, look, waiting: () => met, seen: async () => (await look()).observations.map(({ type }) => type) };
}

describe("scan of a real folder", () => {
  it("S1 S2 a tree of every kind of entry is seen once, and the next scan finds nothing", async () => {
    const { at, view, look } = await realFolder();
    mkdirSync(at("a b/\u{1F4C1}/deep"), { recursive: true });
    writeFileSync(at("a b/empty"), "");
    writeFileSync(at("a b/\u{1F4C1}/deep/e\u0301"), "text");
    writeFileSync(at("run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("..", at("a b/loop"));
    symlinkSync("/nowhere", at("broken"));
    linkSync(at("run.sh"), at("linked.sh"));
    makePipe(at("pipe"));
    writeFileSync(Buffer.concat([Buffer.from(`${at("")}/`), Buffer.from([0x66, 0xfe])]), "");
    const { hindrances } = await look();
    expect([...view.tree()].map(([path, { kind }]) => `${kind} ${path}`).toSorted()).toEqual([
      "file a b/empty",
      "file a b/\u{1F4C1}/deep/e\u0301",
      "file linked.sh",
      "file run.sh",
      "folder a b",
      "folder a b/\u{1F4C1}",
      "folder a b/\u{1F4C1}/deep",
      "symlink a b/loop",
      "symlink broken",
    ]);
    expect(view.at("run.sh").stat.mode).toBe(0o755);
    expect(hindrances.map(({ reason }) => reason).toSorted()).toEqual(["bad-name", "special-file"]);
    expect((await look()).observations).toEqual([]);
  });

  it("S35 a folder whose name is not UTF-8 is told with how to write it in a shell", async () => {
    const { root, look } = await realFolder();
    mkdirSync(Buffer.concat([Buffer.from(`${root}/M`), Buffer.from([0xfc]), Buffer.from("ller's \\ pictures")]));
    expect((await look()).hindrances).toEqual([
      {
        path: "M\uFFFDller's \\ pictures",
        reason: "bad-name",
        detail: "its name is not valid UTF-8: rename it, in a shell as $'M\\xfcller\\x27s \\x5c pictures'",
      },
    ]);
  });

  it("S4 S5 S8 S10 swaps, saves, unseen edits and changes of kind are recognised by what the real disk tells", async () => {
    const { at, view, look, seen } = await realFolder();
    for (const name of ["a", "b", "saved", "kind", "kept"]) writeFileSync(at(name), name);
    await look();
    const [a, b] = [view.at("a").id, view.at("b").id];
    renameSync(at("a"), at("t"));
    renameSync(at("b"), at("a"));
    renameSync(at("t"), at("b"));
    expect(await seen()).toEqual(["moved", "moved"]);
    expect([view.at("a").id, view.at("b").id]).toEqual([b, a]);
    writeFileSync(at(".new"), "saved anew");
    renameSync(at(".new"), at("saved"));
    expect(await seen()).toEqual(["changed"]);
    const { atime, mtime } = statSync(at("kept"));
    writeFileSync(at("kept"), "tpek");
    utimesSync(at("kept"), atime, mtime);
    expect(await seen()).toEqual(["changed"]);
    rmSync(at("kind"));
    mkdirSync(at("kind"));
    expect(await seen()).toEqual(["appeared", "vanished"]);
    chmodSync(at("saved"), 0o600);
    expect(await seen()).toEqual(["changed"]);
  });

  it("S11 a folder the disk will not list is unknown, and known again when it does", async () => {
    const { at, root, look } = await realFolder();
    mkdirSync(at("closed/below"), { recursive: true });
    writeFileSync(at("closed/below/file"), "text");
    writeFileSync(at("open"), "text");
    await look();
    const disk = new FaultDisk(openDisk(root));
    disk.fail({ at: "list", path: "closed", code: "no-permission" });
    rmSync(at("open"));
    const { observations, hindrances } = await look(disk);
    expect(observations.map(({ type }) => type)).toEqual(["vanished"]);
    expect(hindrances).toMatchObject([{ path: "closed", reason: "unreadable" }]);
    disk.heal();
    expect(await look(disk)).toMatchObject({ observations: [], hindrances: [] });
  });

  it("S23 a root that was moved away or replaced by a file ends the scan without an observation", async () => {
    const { root, at, look } = await realFolder();
    writeFileSync(at("file"), "text");
    await look();
    renameSync(root, `${root}.away`);
    await expect(look()).rejects.toMatchObject({ code: "root-gone" });
    writeFileSync(root, "");
    await expect(look()).rejects.toMatchObject({ code: "root-gone" });
    rmSync(root);
    renameSync(`${root}.away`, root);
    expect((await look()).observations).toEqual([]);
  });

  it("S17 a link in place of a folder is not entered, whatever the watcher named below it", async () => {
    const { at, view, look } = await realFolder();
    mkdirSync(at("a/b"), { recursive: true });
    await look();
    rmSync(at("a"), { recursive: true });
    symlinkSync("/etc", at("a"));
    await look(undefined, new Set(["a", "a/b"]));
    expect([...view.tree()].map(([path, { kind }]) => [path, kind])).toEqual([["a", "symlink"]]);
  });

  it("S16 a path of more than 4,096 bytes is a hindrance where the system refuses it, and the rest is seen", async () => {
    const { at, look } = await realFolder();
    writeFileSync(at("file"), "text");
    const half = Array.from({ length: 10 }, () => "d".repeat(250)).join("/");
    mkdirSync(at(half), { recursive: true });
    mkdirSync(at(`lower/${half}`), { recursive: true });
    renameSync(at("lower"), at(`${half}/lower`));
    const { observations, hindrances } = await look();
    expect(observations.length).toBeGreaterThan(10);
    expect(hindrances).toMatchObject([{ reason: "unreadable" }]);
    expect((await look()).observations).toEqual([]);
    renameSync(at(`${half}/lower`), at("lower"));
  });
});

describe("fault disk", () => {
  it("D26 it fails what it is told to, as often as it is told to, before the disk hears of it", async () => {
    const { root, at } = await realFolder();
    const disk = new FaultDisk(openDisk(root));
    disk.fail({ at: "makeFolder", path: "a", code: "no-space", after: 1, times: 1 });
    await expect(disk.makeFolder("b", 0o755)).resolves.toBeDefined();
    await expect(disk.makeFolder("a", 0o755)).resolves.toBeDefined();
    rmSync(at("a"), { recursive: true });
    await expect(disk.makeFolder("a", 0o755)).rejects.toMatchObject({ code: "no-space" });
    expect(await disk.stat("a")).toBeUndefined();
    await expect(disk.makeFolder("a", 0o755)).resolves.toBeDefined();
  });

  it("D14 a draft that could not be written or placed leaves target and folder as they were", async () => {
    const { root, at } = await realFolder();
    const disk = new FaultDisk(openDisk(root));
    writeFileSync(at("file"), "old");
    const expected = (await disk.stat("file")) ?? "absent";
    disk.fail({ at: "draft.write", code: "no-space", after: 1 });
    const write = async () => {
      await using draft = await disk.draft();
      await draft.write(new Uint8Array(9).fill(1), 0);
      await draft.write(new Uint8Array(9).fill(1), 9);
      return await draft.place("file", { mode: 0o644, mtimeMs: 0, size: 18, expected });
    };
    await expect(write()).rejects.toMatchObject({ code: "no-space" });
    expect(readFileSync(at("file"), "utf8")).toBe("old");
    expect((await disk.list("")).map(({ name }) => name)).toEqual(["file"]);
    disk.heal();
    await write();
    expect(statSync(at("file")).size).toBe(18);
  });

  it("S30 what was moved to a name that is not UTF-8, or into a folder that waits, is found there by a scan that looks elsewhere", async () => {
    const { root, at, view, look, waiting } = await realFolder();
    for (const folder of ["from", "\u00e9"]) mkdirSync(at(folder));
    for (const file of ["from/renamed", "from/moved"]) writeFileSync(at(file), file);
    await look();
    mkdirSync(at("e\u0301"));
    renameSync(at("from/moved"), at("e\u0301/moved"));
    renameSync(at("from/renamed"), Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xfe])]));
    expect((await look()).observations).toEqual([]);
    expect(waiting().map(({ path }) => path)).toEqual(["e\u0301", "f\uFFFD"]);
    const { observations, hindrances } = await look(openDisk(root), new Set(["from"]));
    expect(observations).toEqual([]);
    expect(hindrances.map(({ path }) => path)).toEqual(["from/moved", "from/renamed"]);
    expect(view.at("from/renamed").kind).toBe("file");
  });

  it("S34 the disk tells that a file which was written to where nothing is synced is the same one", async () => {
    const { at, look } = await realFolder();
    for (const folder of ["from", "\u00e9"]) mkdirSync(at(folder));
    writeFileSync(at("from/file"), "text");
    await look();
    mkdirSync(at("e\u0301"));
    renameSync(at("from/file"), at("e\u0301/file"));
    appendFileSync(at("e\u0301/file"), " and more of it");
    const { observations, hindrances } = await look();
    expect(observations).toEqual([]);
    expect(hindrances.map(({ path, reason }) => `${path} ${reason}`)).toContain("from/file moved-away");
  });
});
