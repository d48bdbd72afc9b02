import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openDisk } from "../../src/node/disk.ts";
import type { Stat } from "../../src/ports.ts";
import { makePipe } from "../support/pipe.ts";
import { bytes, opened, place, refused, statOf } from "../support/real-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("disk: looking", () => {
  it("D1 an entry has its kind, size, times in ns, inode, mode and birth, and a link is not followed", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "text", { mode: 0o640 });
    mkdirSync(test.at("folder"));
    symlinkSync("file", test.at("link"));
    const { ino, mtimeNs, ctimeNs, birthtimeMs } = lstatSync(test.at("file"), { bigint: true });
    expect(await test.disk.stat("file")).toEqual({
      kind: "file",
      size: 4,
      mtimeNs: `${mtimeNs}`,
      ctimeNs: `${ctimeNs}`,
      inode: `${ino}`,
      mode: 0o640,
      bornMs: Number(birthtimeMs),
    });
    expect((await test.disk.list("")).map(({ name, stat }) => `${name}: ${stat.kind}`).toSorted()).toEqual([
      "file: file",
      "folder: folder",
      "link: symlink",
    ]);
    expect(Buffer.from(await test.disk.readLink("link")).toString()).toBe("file");
  });

  it("D40 a folder is listed the same when each look takes long", async () => {
    await using test = await opened();
    for (let index = 0; index < 200; index++) writeFileSync(test.at(`file ${index}`), "x".repeat(index));
    writeFileSync(test.at("ünd"), "");
    writeFileSync(Buffer.concat([Buffer.from(test.at("not utf-8 ")), Buffer.from([0xff])]), "");
    const quick = await test.disk.list("");
    let nowMs = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 1000));
    try {
      expect(await test.disk.list("")).toEqual(quick);
    } finally {
      clock.mockRestore();
    }
    expect(quick).toHaveLength(202);
    expect(quick.filter(({ valid }) => !valid)).toHaveLength(1);
  });

  it("D2 where nothing is, or a parent is missing or a file, stat finds nothing", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "");
    expect(await test.disk.stat("gone")).toBeUndefined();
    expect(await test.disk.stat("gone/below")).toBeUndefined();
    expect(await test.disk.stat("file/below")).toBeUndefined();
  });

  it("D3 names are bytes: spaces, emoji and both Unicode forms come as they are, invalid UTF-8 comes marked", async () => {
    await using test = await opened();
    const names = ["with space", "\u{1F469}\u200D\u{1F4BB}", "\u00e9", "e\u0301", "trailing. ", "a:b*?", "x".repeat(255)];
    for (const name of names) writeFileSync(test.at(name), name);
    writeFileSync(Buffer.concat([Buffer.from(`${test.root}/`), Buffer.from([0x62, 0xff])]), "");
    const entries = await test.disk.list("");
    expect(
      entries
        .filter(({ valid }) => valid)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(entries.filter(({ valid }) => !valid).map(({ name, stat }) => [name, stat.kind])).toEqual([["b\uFFFD", "file"]]);
  });

  it("D4 Ashlar's own folder is not listed at the root, and no path leads into it", async () => {
    await using test = await opened();
    await test.disk.writeMarker("account");
    mkdirSync(test.at("sub/.ashlar"), { recursive: true });
    expect((await test.disk.list("")).map(({ name }) => name)).toEqual(["sub"]);
    expect((await test.disk.list("sub")).map(({ name }) => name)).toEqual([".ashlar"]);
    await expect(test.disk.open(".ashlar/root")).rejects.toMatchObject(refused("bad-name"));
    await expect(place(test.disk, ".ashlar/root", "x", "absent")).rejects.toMatchObject(refused("bad-name"));
  });

  it("D5 a root that is missing or no folder is gone, for every method", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "");
    for (const root of [test.at("gone"), test.at("file")]) {
      const disk = openDisk(root);
      for (const attempt of [
        () => disk.stat("a"),
        () => disk.list(""),
        () => disk.open("a"),
        () => disk.draft(),
        () => disk.makeFolder("a", 0o755),
        () => disk.readMarker(),
        () => disk.writeMarker("x"),
      ]) {
        await expect(attempt()).rejects.toMatchObject(refused("root-gone"));
      }
    }
  });

  it("D6 a file is read at any offset, up to its end, and only if it is one", async () => {
    await using test = await opened();
    writeFileSync(test.at("file"), "0123456789");
    mkdirSync(test.at("folder"));
    makePipe(test.at("pipe"));
    await using file = await test.disk.open("file");
    const into = new Uint8Array(4);
    expect([await file.read(into, 8), Buffer.from(into).toString("utf8", 0, 2)]).toEqual([2, "89"]);
    expect(await file.read(into, 10)).toBe(0);
    expect((await file.stat()).size).toBe(10);
    await expect(test.disk.open("folder")).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.open("pipe")).rejects.toMatchObject(refused("changed"));
    await expect(test.disk.open("gone")).rejects.toMatchObject(refused("absent"));
  });
});

describe("disk: staying inside", () => {
  it("D7 no method goes through a symbolic link below the root (I6)", async () => {
    await using test = await opened();
    await using outside = await temporaryFolder();
    writeFileSync(join(outside.path, "file"), "theirs");
    symlinkSync(outside.path, test.at("link"));
    symlinkSync(".", test.at("loop"));
    writeFileSync(test.at("mine"), "mine");
    const theirs: Stat = { ...(await statOf(openDisk(outside.path), "file")) };
    const mine = await statOf(test.disk, "mine");
    const { disk } = test;
    for (const attempt of [
      () => disk.stat("link/file"),
      () => disk.list("link"),
      () => disk.list("loop"),
      () => disk.open("link/file"),
      () => disk.open("link"),
      () => disk.readLink("link/file"),
      () => place(disk, "link/file", "x", theirs),
      () => place(disk, "link/new", "x", "absent"),
      () => disk.makeFolder("link/new", 0o755),
      () => disk.makeLink("link/new", bytes("x"), "absent"),
      () => disk.setMode("link/file", 0o777, theirs),
      () => disk.move("link/file", "stolen", theirs),
      () => disk.move("mine", "link/mine", mine),
      () => disk.remove("link/file", theirs),
      () => disk.removeFolder("link/folder"),
    ]) {
      await expect(attempt()).rejects.toMatchObject(refused("outside"));
    }
    expect(readdirSync(outside.path)).toEqual(["file"]);
    expect(readFileSync(join(outside.path, "file"), "utf8")).toBe("theirs");
  });

  it.each(["..", "a/../../b", "a//b", "/etc/passwd", "./a"])("D8 the path %s is refused", async (path) => {
    await using test = await opened();
    await expect(test.disk.stat(path)).rejects.toMatchObject(refused("outside"));
    await expect(place(test.disk, path, "x", "absent")).rejects.toMatchObject(refused("outside"));
  });

  it("D9 a name that the disk cannot hold is refused as such", async () => {
    await using test = await opened();
    for (const name of ["x".repeat(256), "nul\0", "lone\uD800"]) {
      await expect(place(test.disk, name, "x", "absent")).rejects.toMatchObject(refused("bad-name"));
    }
    await expect(test.disk.makeLink("link", new Uint8Array(4097).fill(0x61), "absent")).rejects.toMatchObject(refused("bad-name"));
  });

  it("D7 the marker and drafts are not written through a link in place of Ashlar's folder", async () => {
    await using test = await opened();
    await using outside = await temporaryFolder();
    symlinkSync(outside.path, test.at(".ashlar"));
    await expect(test.disk.writeMarker("x")).rejects.toMatchObject(refused("outside"));
    await expect(test.disk.draft()).rejects.toMatchObject(refused("outside"));
    expect(readdirSync(outside.path)).toEqual([]);
  });
});
