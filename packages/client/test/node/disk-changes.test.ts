import {
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDisk } from "../../src/node/disk.ts";
import { sweepTemporaries } from "../../src/node/temporaries.ts";
import { bytes, opened, place, refused, statOf } from "../support/real-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("disk: the synced folder itself", () => {
  it("D27 another folder under its name is neither read nor written to until it bears the marker (I6)", async () => {
    await using parent = await temporaryFolder();
    const root = join(parent.path, "root");
    mkdirSync(root);
    const disk = openDisk(root);
    await disk.writeMarker("user");
    await place(disk, "file", "text", "absent");
    renameSync(root, join(parent.path, "unmounted"));
    mkdirSync(root);
    await expect(disk.list("")).rejects.toMatchObject(refused("root-gone"));
    await expect(place(disk, "new", "text", "absent")).rejects.toMatchObject(refused("root-gone"));
    await expect(disk.readMarker()).resolves.toBeUndefined();
    await expect(disk.list("")).rejects.toMatchObject(refused("root-gone"));
    expect(readdirSync(root)).toEqual([]);
    // A copy with the marker in it will do.
    rmdirSync(root);
    cpSync(join(parent.path, "unmounted"), root, { recursive: true });
    await expect(disk.readMarker()).resolves.toBe("user");
    expect(await disk.list("")).toMatchObject([{ name: "file" }]);
  });
});

describe("disk: placing", () => {
  it("D10 a placed file has its bytes, size, mode and mtime to the millisecond, whatever the umask", async () => {
    await using test = await opened();
    for (const [index, mtimeMs] of [1_700_000_000_123, 1_763_786_999_001, 1_763_786_999_999, 1, 0, -86_400_123].entries()) {
      const stat = await place(test.disk, `file${index}`, "text", "absent", { mode: 0o777, mtimeMs });
      expect(stat).toEqual(await test.disk.stat(`file${index}`));
      expect(stat).toMatchObject({ kind: "file", size: 4, mode: 0o777 });
      // Before 1970 Node keeps the time to a millisecond only nearly.
      expect(Math.abs(Math.floor(Number(BigInt(stat.mtimeNs) / 1000n) / 1000) - mtimeMs)).toBeLessThanOrEqual(mtimeMs < 0 ? 1 : 0);
    }
    expect(readFileSync(test.at("file0"), "utf8")).toBe("text");
  });

  it("D11 a file is replaced only while it is what was expected (I5)", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "old");
    const before = await statOf(test.disk, "file");
    await place(test.disk, "file", "new", before);
    await expect(place(test.disk, "file", "newer", before)).rejects.toMatchObject(refused("changed"));
    await expect(place(test.disk, "file", "newer", "absent")).rejects.toMatchObject(refused("changed"));
    await expect(place(test.disk, "gone", "newer", before)).rejects.toMatchObject(refused("changed"));
    expect(readFileSync(test.at("file"), "utf8")).toBe("new");
  });

  it("D11 an edit that keeps size and mtime is still not overwritten", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "old");
    const before = await statOf(test.disk, "file");
    const { atime, mtime } = lstatSync(test.at("file"));
    writeFileSync(test.at("file"), "odd");
    utimesSync(test.at("file"), atime, mtime);
    await expect(place(test.disk, "file", "new", { ...before, mtimeNs: (await statOf(test.disk, "file")).mtimeNs })).rejects.toMatchObject(
      refused("changed"),
    );
    expect(readFileSync(test.at("file"), "utf8")).toBe("odd");
  });

  it("D12 a file is not placed over a folder, nor a folder made over a file", async () => {
    await using test = await opened();
    mkdirSync(test.at("folder"));
    writeFileSync(test.at("file"), "");
    await expect(place(test.disk, "folder", "x", await statOf(test.disk, "folder"))).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.makeFolder("file", 0o755)).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.makeLink("folder", bytes("x"), await statOf(test.disk, "folder"))).rejects.toMatchObject(refused("changed"));
  });

  it("D13 drafts leave nothing behind, placed or not, and their folder goes with the last of them", async () => {
    await using test = await opened();
    {
      await using dropped = await test.disk.draft();
      await using placed = await test.disk.draft();
      await dropped.write(bytes("half a fi"), 0);
      expect(readdirSync(test.at(".ashlar/tmp")).length).toBe(2);
      await placed.place("file", { mode: 0o644, mtimeMs: 0, size: 0, expected: "absent" });
      expect(readdirSync(test.at(".ashlar/tmp")).length).toBe(1);
    }
    expect(existsSync(test.at(".ashlar/tmp"))).toBe(false);
    expect(readdirSync(test.at("")).toSorted()).toEqual([".ashlar", "file"]);
  });

  it("D14 a place whose parent is missing, or whose target was taken meanwhile, leaves the draft to be dropped", async () => {
    await using test = await opened();
    await expect(place(test.disk, "gone/file", "x", "absent")).rejects.toMatchObject(refused("absent"));
    expect(existsSync(test.at(".ashlar/tmp"))).toBe(false);
  });

  it("D15 stretches of zeros take no space, and bytes written twice are the later ones", async () => {
    await using test = await opened();
    const size = 16 * 1024 * 1024;
    await using draft = await test.disk.draft();
    await draft.write(new Uint8Array(4 * 1024 * 1024), 0);
    await draft.write(bytes("middle"), 5 * 1024 * 1024 - 3);
    await draft.write(bytes("wrong"), 9 * 1024 * 1024);
    await draft.write(new Uint8Array(5), 9 * 1024 * 1024);
    await draft.place("sparse", { mode: 0o644, mtimeMs: 0, size, expected: "absent" });
    const expected = Buffer.alloc(size);
    expected.write("middle", 5 * 1024 * 1024 - 3);
    expect(readFileSync(test.at("sparse")).equals(expected)).toBe(true);
    expect(lstatSync(test.at("sparse")).blocks * 512).toBeLessThan(512 * 1024);
  });

  it("D16 many files placed at once are all there, and each returns what stands there", async () => {
    await using test = await opened();
    await test.disk.makeFolder("many", 0o755);
    const stats = await Promise.all(
      Array.from({ length: 200 }, (_, index) => place(test.disk, `many/${index}`, `text ${index}`, "absent")),
    );
    expect(readdirSync(test.at("many")).length).toBe(200);
    const listed = new Map((await test.disk.list("many")).map(({ name, stat }) => [name, stat]));
    for (const [index, stat] of stats.entries()) expect(listed.get(String(index))).toEqual(stat);
    expect(existsSync(test.at(".ashlar/tmp"))).toBe(false);
  });

  it("D17 what a crash left in the drafts' folder is removed at start, and nothing else", async () => {
    await using test = await opened();
    await using outside = await temporaryFolder();
    writeFileSync(join(outside.path, "file"), "theirs");
    await test.disk.writeMarker("account");
    writeFileSync(test.at("file"), "mine");
    mkdirSync(test.at(".ashlar/tmp"));
    writeFileSync(test.at(".ashlar/tmp/half"), "hal");
    linkSync(test.at("file"), test.at(".ashlar/tmp/placed"));
    symlinkSync(outside.path, test.at(".ashlar/tmp/link"));
    sweepTemporaries(test.root);
    sweepTemporaries(test.root);
    expect(readdirSync(test.at(".ashlar"))).toEqual(["root"]);
    expect(readFileSync(test.at("file"), "utf8")).toBe("mine");
    expect(readdirSync(outside.path)).toEqual(["file"]);
  });
});

describe("disk: folders, links, modes", () => {
  it("D18 a folder is made with exactly its mode, and removed only when it is empty", async () => {
    await using test = await opened();
    expect(await test.disk.makeFolder("folder", 0o777)).toMatchObject({ kind: "folder", mode: 0o777 });
    writeFileSync(test.at("folder/file"), "");
    await expect(test.disk.removeFolder("folder")).rejects.toMatchObject(refused("not-empty"));
    unlinkSync(test.at("folder/file"));
    await test.disk.removeFolder("folder");
    await expect(test.disk.removeFolder("folder")).rejects.toMatchObject(refused("absent"));
    await expect(test.disk.removeFolder("")).rejects.toMatchObject(refused("outside"));
  });

  it("D19 a symbolic link is made and replaced as bytes, without looking where it leads", async () => {
    await using test = await opened();
    const first = await test.disk.makeLink("link", bytes("/nowhere/at all"), "absent");
    expect(readlinkSync(test.at("link"))).toBe("/nowhere/at all");
    const target = new Uint8Array([0x2e, 0x2e, 0x2f, 0xff]);
    const second = await test.disk.makeLink("link", target, first);
    expect(new Uint8Array(await test.disk.readLink("link"))).toEqual(target);
    expect(second).toEqual(await test.disk.stat("link"));
    await expect(test.disk.makeLink("link", bytes("x"), first)).rejects.toMatchObject(refused("changed"));
    expect(existsSync(test.at(".ashlar/tmp"))).toBe(false);
    await expect(test.disk.readLink("gone")).rejects.toMatchObject(refused("absent"));
    writeFileSync(test.at("file"), "");
    await expect(test.disk.readLink("file")).rejects.toMatchObject(refused("changed"));
  });

  it("D20 the mode of a file or folder is set only while it is what was expected", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "");
    mkdirSync(test.at("folder"));
    const before = await statOf(test.disk, "file");
    const after = await test.disk.setMode("file", 0o755, before);
    expect(after).toEqual(await test.disk.stat("file"));
    expect(after.mode).toBe(0o755);
    await expect(test.disk.setMode("file", 0o700, before)).rejects.toMatchObject(refused("changed"));
    expect((await test.disk.setMode("folder", 0o700, await statOf(test.disk, "folder"))).mode).toBe(0o700);
  });
});

describe("disk: moving and removing", () => {
  it("D21 files, links and full folders move to where nothing is", async () => {
    await using test = await opened();
    mkdirSync(test.at("a/b"), { recursive: true });
    writeFileSync(test.at("a/b/file"), "text");
    symlinkSync("x", test.at("link"));
    const { disk } = test;
    const moved = await disk.move("a/b/file", "file", await statOf(disk, "a/b/file"));
    expect(moved).toEqual(await disk.stat("file"));
    await disk.move("link", "a/b/link", await statOf(disk, "link"));
    await disk.move("a", "z", await statOf(disk, "a"));
    expect(readFileSync(test.at("file"), "utf8")).toBe("text");
    expect(readlinkSync(test.at("z/b/link"))).toBe("x");
    expect(readdirSync(test.at("")).toSorted()).toEqual(["file", "z"]);
  });

  it("D22 nothing is moved over anything, nor when it is not what was expected (I5)", async () => {
    await using test = await opened();
    writeFileSync(test.at("a"), "a");
    writeFileSync(test.at("b"), "b");
    mkdirSync(test.at("folder"));
    mkdirSync(test.at("empty"));
    const { disk } = test;
    const a = await statOf(disk, "a");
    for (const to of ["b", "folder", "a/below"]) await expect(disk.move("a", to, a)).rejects.toMatchObject({ name: "DiskError" });
    await expect(disk.move("folder", "empty", await statOf(disk, "folder"))).rejects.toMatchObject(refused("changed"));
    await expect(disk.move("folder", "folder/below", await statOf(disk, "folder"))).rejects.toMatchObject({ name: "DiskError" });
    truncateSync(test.at("a"), 9);
    await expect(disk.move("a", "c", a)).rejects.toMatchObject(refused("changed"));
    expect(readdirSync(test.at("")).toSorted()).toEqual(["a", "b", "empty", "folder"]);
    expect(readFileSync(test.at("b"), "utf8")).toBe("b");
  });

  it("D23 a move that a crash cut short between its two names is finished by doing it again", async () => {
    await using test = await opened();
    writeFileSync(test.at("a"), "text");
    linkSync(test.at("a"), test.at("b"));
    await test.disk.move("a", "b", await statOf(test.disk, "a"));
    expect(readdirSync(test.at(""))).toEqual(["b"]);
  });

  it("D24 a file or link is removed only while it is what was expected (I5)", async () => {
    await using test = await opened();
    writeFileSync(test.at("a"), "text");
    mkdirSync(test.at("folder"));
    const before = await statOf(test.disk, "a");
    writeFileSync(test.at("a"), "more text");
    await expect(test.disk.remove("a", before)).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.remove("gone", before)).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.remove("folder", await statOf(test.disk, "folder"))).rejects.toMatchObject({ name: "DiskError" });
    await test.disk.remove("a", await statOf(test.disk, "a"));
    expect(readdirSync(test.at(""))).toEqual(["folder"]);
  });

  it("D25 the marker is read back as it was written, and is absent before", async () => {
    await using test = await opened();
    expect(await test.disk.readMarker()).toBeUndefined();
    await test.disk.writeMarker("first");
    await test.disk.writeMarker("account \u00fc");
    expect(await test.disk.readMarker()).toBe("account \u00fc");
    expect(readdirSync(test.at(".ashlar"))).toEqual(["root"]);
  });
});
