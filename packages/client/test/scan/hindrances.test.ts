import { pathDepthMax } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { type Disk, DiskError, type DiskErrorCode, type RelativePath } from "../../src/ports.ts";
import type { MemoryTree } from "../support/memory-tree.ts";
import { grow, Scanned, scanned } from "../support/scanned.ts";

/** The tree, except that one folder cannot be listed. */
function unlistable(tree: MemoryTree, path: RelativePath, code: DiskErrorCode): Pick<Disk, "stat" | "list" | "open"> {
  return {
    stat: (at) => tree.stat(at),
    open: (at) => tree.open(at),
    list: async (at) => {
      if (at === path) throw new DiskError(code, at);
      return tree.list(at);
    },
  };
}

describe("scan: what cannot be looked at or synced", () => {
  it.each(["no-permission", "io", "busy", "bad-name"] as const)(
    "S11 a folder whose listing fails with %s is unknown: nothing in it vanishes",
    async (code) => {
      const folder = await scanned(grow);
      folder.disk = unlistable(folder.tree, "a", code);
      const result = await folder.scan();
      expect(result.observations).toEqual([]);
      expect(result.hindrances).toMatchObject([{ path: "a", reason: "unreadable" }]);
      folder.disk = folder.tree;
      expect(await folder.scan()).toMatchObject({ observations: [], hindrances: [] });
    },
  );

  it("S11 a folder that goes away while it is scanned is told by its parent, not by itself", async () => {
    const folder = await scanned(grow);
    folder.disk = unlistable(folder.tree, "a", "absent");
    expect(await folder.scan()).toMatchObject({ observations: [], hindrances: [] });
  });

  it("S11 an unreadable folder that moved is still one move", async () => {
    const folder = await scanned(grow);
    folder.tree.rename("a", "z");
    folder.disk = unlistable(folder.tree, "z", "no-permission");
    expect((await folder.scan()).observations).toMatchObject([{ type: "moved", name: "z" }]);
    expect(folder.view.at("z/b/c").kind).toBe("file");
  });

  it("S11 no file is taken from an unreadable folder by its inode", async () => {
    const folder = await scanned(grow);
    folder.tree.hardLink("a/b/c", "c");
    folder.disk = {
      ...unlistable(folder.tree, "a/b", "no-permission"),
      stat: async (path) => {
        if (path.startsWith("a/b/")) throw new DiskError("no-permission", path);
        return folder.tree.stat(path);
      },
    };
    expect(await folder.seen()).toEqual(["appeared c"]);
  });

  it("S23 a scan rejects when the root is gone, and observes nothing", async () => {
    const folder = await scanned(grow);
    folder.disk = unlistable(folder.tree, "", "root-gone");
    await expect(folder.scan()).rejects.toMatchObject({ code: "root-gone" });
  });

  it("S14 a name is in NFC, and the disk's form is its spelling where it differs", async () => {
    const folder = await scanned((tree) => {
      tree.write("e\u0301", "decomposed");
      tree.write("\u00fc \u{1F469}\u200D\u{1F4BB}. ", "composed");
    });
    expect(folder.view.at("e\u0301")).toMatchObject({ name: "\u00e9", spelling: "e\u0301" });
    expect(folder.view.at("\u00fc \u{1F469}\u200D\u{1F4BB}. ").spelling).toBeUndefined();
    folder.tree.rename("e\u0301", "\u00e9");
    expect((await folder.scan()).observations).toMatchObject([{ type: "moved", name: "\u00e9", spelling: undefined }]);
  });

  it("S14 names that differ by case only are two names", async () => {
    const folder = await scanned((tree) => {
      tree.write("a", "1");
      tree.write("A", "2");
    });
    folder.tree.rename("a", "b");
    expect(await folder.seen()).toEqual(["moved b"]);
    folder.tree.rename("b", "B");
    expect(await folder.seen()).toEqual(["moved B"]);
  });

  it("S15 of two names equal in NFC the first in byte order is synced and the other waits", async () => {
    const folder = new Scanned();
    folder.tree.write("\u00e9", "composed: c3 a9");
    folder.tree.write("e\u0301", "decomposed: 65 cc 81");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toMatchObject([{ type: "appeared", spelling: "e\u0301" }]);
    expect(hindrances).toMatchObject([{ path: "\u00e9", reason: "clash" }]);
  });

  it("S15 of two names equal in NFC a known node keeps the name", async () => {
    const folder = await scanned((tree) => tree.write("\u00e9", "composed"));
    folder.tree.write("e\u0301", "decomposed");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances).toMatchObject([{ path: "e\u0301", reason: "clash" }]);
  });

  it("S16 pipes, sockets and devices wait as special files, and a file that one replaced is unknown", async () => {
    const folder = await scanned((tree) => tree.write("a", "text"));
    folder.tree.remove("a");
    folder.tree.makeSpecial("a");
    expect(await folder.scan()).toMatchObject({ observations: [], hindrances: [{ path: "a", reason: "special-file" }] });
  });

  it("S16 a name of 255 bytes is synced, one that cannot be synced waits", async () => {
    const folder = new Scanned();
    folder.tree.write("x".repeat(255), "");
    folder.tree.write("x".repeat(256), "");
    folder.tree.write("bad\uFFFD", "");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toMatchObject([{ type: "appeared", name: "x".repeat(255) }]);
    expect(hindrances.map(({ path, reason }) => [path.length, reason])).toEqual([
      [4, "bad-name"],
      [256, "bad-name"],
    ]);
  });

  it("S16 a path of 128 names is synced, what lies below it waits", async () => {
    const folder = new Scanned();
    let path = "";
    for (let depth = 1; depth <= pathDepthMax + 1; depth++) {
      path = depth === 1 ? "d" : `${path}/d`;
      folder.tree.makeFolder(path);
    }
    const { observations, hindrances } = await folder.scan();
    expect(observations.length).toBe(pathDepthMax);
    expect(hindrances).toMatchObject([{ path, reason: "too-deep" }]);
  });

  it("S21 a known file renamed to what cannot be synced has not vanished", async () => {
    const folder = await scanned((tree) => {
      tree.write("a", "text");
      tree.makeFolder("b");
      tree.write("b/c", "text");
    });
    folder.tree.rename("a", "bad\uFFFD");
    folder.tree.rename("b", "worse\uFFFD");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances.map(({ path, reason }) => [path, reason])).toEqual([
      ["a", "moved-away"],
      ["b", "moved-away"],
      ["bad\uFFFD", "bad-name"],
      ["worse\uFFFD", "bad-name"],
    ]);
    expect(hindrances[0]?.detail).toBe("it was moved to bad\uFFFD, which is not synced because its name is not valid UTF-8: rename it");
  });

  it("S17 a symbolic link is an entry of its own and is not entered; one that replaces a folder is another node", async () => {
    const folder = await scanned((tree) => {
      grow(tree);
      tree.makeLink("loop", ".");
    });
    expect(folder.view.at("loop").kind).toBe("symlink");
    folder.tree.remove("a");
    folder.tree.makeLink("a", "/etc");
    expect(await folder.seen()).toEqual(["appeared a", "vanished a/b/c", "vanished a/b", "vanished a"]);
    expect(folder.listed).toEqual([""]);
  });
});
