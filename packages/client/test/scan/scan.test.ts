import { nodeIdSchema, rootId } from "@ashlar/shared/ids";
import { describe, expect, it } from "vitest";
import type { Disk, RelativePath, Stat } from "../../src/ports.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { joinPath } from "../../src/scan/path.ts";
import { scan } from "../../src/scan/scan.ts";
import type { LocalNode } from "../../src/scan/types.ts";
import { MemoryTree } from "../support/memory-tree.ts";
import { grow, Scanned, scanned } from "../support/scanned.ts";
import { idSequence } from "../support/view.ts";

/** The tree, with another disk mounted at a folder; or with that disk gone, and the empty mount point there. */
function mountedAt({ tree }: Scanned, folder: RelativePath, isThere: boolean): Pick<Disk, "stat" | "list" | "open"> {
  const onDisk = (path: RelativePath, stat: Stat): Stat =>
    path === folder || path.startsWith(`${folder}/`) ? { ...stat, inode: isThere ? `7:${stat.inode}` : "1000" } : stat;
  return {
    open: (path) => tree.open(path),
    async stat(path) {
      const stat = await tree.stat(path);
      return stat === undefined ? undefined : onDisk(path, stat);
    },
    async list(path) {
      if (path === folder && !isThere) return [];
      const entries = await tree.list(path);
      return entries.map((entry) => ({ ...entry, stat: onDisk(joinPath(path, entry.name), entry.stat) }));
    },
  };
}

describe("scan: a disk mounted inside of the folder", () => {
  it.each([true, false])("S26 what was on it has not vanished with it, nor what another one hides (mounted before: %s)", async (before) => {
    const folder = new Scanned();
    grow(folder.tree);
    folder.disk = mountedAt(folder, "a", before);
    if (!before) folder.disk = folder.tree;
    await folder.scan();
    folder.disk = mountedAt(folder, "a", !before);
    if (!before) folder.tree.remove("a/b");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances).toMatchObject([{ path: "a", reason: "unreadable" }]);
  });

  it("S26 a disk that comes back under another number is the same disk", async () => {
    const folder = new Scanned();
    grow(folder.tree);
    await folder.scan();
    folder.disk = mountedAt(folder, "a", true);
    const { observations, hindrances } = await folder.scan();
    expect(observations.map(({ type }) => type)).toEqual(["changed", "changed", "changed"]);
    expect(hindrances).toEqual([]);
  });
});

const place = (tree: MemoryTree, kind: string) => (kind === "file" ? tree.write("a", "text") : tree.makeFolder("a"));

describe("scan: two known nodes in one place", () => {
  it.each(["file", "folder"])("S27 the one that is there stays and the other has vanished (a %s was there before)", async (before) => {
    const folder = await scanned((tree) => place(tree, before));
    const old = folder.view.at("a");
    folder.tree.remove("a");
    place(folder.tree, before === "file" ? "folder" : "file");
    const stat = await folder.tree.stat("a");
    if (stat === undefined || stat.kind === "other") throw new Error("it was just made");
    folder.tree.pass(10_000);
    // Written down, while the removal before it was not.
    const [id, name] = [nodeIdSchema.parse("made".padEnd(22, "_")), "a"];
    const { kind } = stat;
    folder.view.apply([{ type: "appeared", id, parent: rootId, name, spelling: undefined, kind, stat }], folder.tree.nowMs);
    expect((await folder.scan()).observations).toEqual([{ type: "vanished", id: old.id }]);
    expect(folder.view.at("a").id).toBe(id);
  });
});

describe("scan: what has changed", () => {
  it("S8 an edit that keeps size and mtime is seen by its ctime", async () => {
    const folder = await scanned((tree) => tree.write("a", "old"));
    folder.tree.writeUnseen("a", "new");
    expect((await folder.scan()).observations).toMatchObject([{ type: "changed", content: true }]);
  });

  it("S8 another mode of a file means that it is read again, of a folder it does not", async () => {
    const folder = await scanned((tree) => {
      tree.write("a", "x");
      tree.makeFolder("b");
    });
    folder.tree.setMode("a", 0o755);
    folder.tree.setMode("b", 0o700);
    expect((await folder.scan()).observations).toMatchObject([
      { type: "changed", content: true, stat: { mode: 0o755 } },
      { type: "changed", content: false, stat: { mode: 0o700 } },
    ]);
  });

  it("S9 a file modified within 2 s before it was last seen is read once more, then no more", async () => {
    const folder = new Scanned();
    folder.tree.write("a", "text");
    await folder.scan("all", 1_999);
    expect(await folder.seen()).toEqual(["changed a"]);
    expect(await folder.seen()).toEqual([]);
  });

  it("S9 a file modified 2 s before it was last seen is not", async () => {
    const folder = new Scanned();
    folder.tree.write("a", "text");
    await folder.scan("all", 2_000);
    expect(await folder.seen()).toEqual([]);
  });

  it.each(["0", "-86400000000000", "9214646400000000000", "1700086400000000000"])(
    "S22 mtime %s is a time like any other",
    async (mtimeNs) => {
      const folder = new Scanned();
      folder.tree.write("a", "text");
      folder.disk = {
        stat: (path) => folder.tree.stat(path),
        open: (path) => folder.tree.open(path),
        list: async (path) => (await folder.tree.list(path)).map((entry) => ({ ...entry, stat: { ...entry.stat, mtimeNs } })),
      };
      expect((await folder.scan()).observations).toMatchObject([{ type: "appeared", stat: { mtimeNs } }]);
      expect((await folder.scan()).observations).toEqual([]);
    },
  );
});

describe("scan: where it looks", () => {
  it("S19 a folder is announced before it is listed", async () => {
    const folder = new Scanned();
    folder.tree.makeFolder("a");
    const order: string[] = [];
    folder.disk = {
      stat: (path) => folder.tree.stat(path),
      open: (path) => folder.tree.open(path),
      list: async (path) => {
        order.push(`${path} announced: ${folder.listed.includes(path)}`);
        return folder.tree.list(path);
      },
    };
    await folder.scan();
    expect(order).toEqual([" announced: true", "a announced: true"]);
  });

  it("S20 of known folders only those named are listed; new ones are walked in depth", async () => {
    const folder = await scanned((tree) => {
      for (const path of ["a", "a/b", "c"]) tree.makeFolder(path);
    });
    for (const path of ["a/new", "a/new/deep"]) folder.tree.makeFolder(path);
    folder.tree.write("a/new/deep/file", "text");
    folder.tree.write("c/unseen", "text");
    expect(await folder.seen(["a"])).toEqual(["appeared a/new", "appeared a/new/deep", "appeared a/new/deep/file"]);
    expect(folder.listed).toEqual(["a", "a/new", "a/new/deep"]);
  });

  it("S29 a folder is listed by whatever form of its name it was named", async () => {
    const folder = await scanned((tree) => {
      tree.makeFolder("e\u0301");
      tree.makeFolder("e\u0301/o\u0308");
    });
    folder.tree.write("e\u0301/o\u0308/new", "text");
    expect(await folder.seen(["\u00e9/\u00f6"])).toEqual(["appeared e\u0301/o\u0308/new"]);
    expect(folder.listed).toEqual(["e\u0301/o\u0308"]);
  });

  it("S3 a named folder that is gone, replaced or unknown is looked for from its nearest known parent", async () => {
    const folder = await scanned((tree) => {
      for (const path of ["a", "b", "b/c"]) tree.makeFolder(path);
      tree.write("a/file", "text");
    });
    folder.tree.rename("a", "z");
    folder.tree.makeFolder("a");
    folder.tree.remove("b");
    expect(await folder.seen(["a"])).toEqual(["appeared a", "moved z", "vanished b/c", "vanished b"]);
    expect(folder.view.at("z/file").kind).toBe("file");
    folder.tree.makeFolder("z/q");
    expect(await folder.seen(["z/q/never/seen"])).toEqual(["appeared z/q"]);
  });

  it("S24 a scan stops when its signal aborts", async () => {
    const folder = await scanned(() => undefined);
    const aborted = scan({
      disk: folder.tree,
      view: folder.view,
      rootId,
      folders: "all",
      ignore: { ignores: () => false, enter: async () => false, reach: async () => undefined },
      newId: () => rootId,
      signal: AbortSignal.abort(new Error("stopped")),
    });
    await expect(aborted).rejects.toThrow("stopped");
  });

  it("S25 a folder of 150,000 entries is seen, and seen again without a difference", async () => {
    const stat = new MemoryTree().statOf("");
    const entries = Array.from({ length: 150_000 }, (_, index) => ({
      name: `file ${index}`,
      valid: true,
      stat: { ...stat, kind: "file" as const, inode: String(index), mtimeNs: "0" },
    }));
    const nodes = new Map<string, LocalNode>();
    const newId = idSequence();
    const look = () =>
      scan({
        disk: { stat: async () => undefined, list: async () => entries },
        view: {
          get: () => undefined,
          children: () => [...nodes.values()],
          folders: () => [],
          some: () => [],
          byInode: (inode) => nodes.get(inode),
        },
        rootId,
        folders: "all",
        ignore: loadIgnore(new MemoryTree()),
        newId,
      });
    const { observations } = await look();
    for (const seen of observations) {
      if (seen.type === "appeared") nodes.set(seen.stat.inode, { ...seen, seenAtMs: 10_000, manifest: "read" });
    }
    expect(nodes.size).toBe(entries.length);
    expect((await look()).observations).toEqual([]);
    nodes.delete("7");
    expect((await look()).observations).toMatchObject([{ type: "appeared", name: "file 7" }]);
  });

  it("S18 the order in which the disk lists makes no difference to the result, ids included", async () => {
    const results = [];
    for (const turned of [false, true]) {
      const folder = await scanned((tree) => {
        for (const path of ["a", "a/b", "c"]) tree.makeFolder(path);
        for (const path of ["a/1", "a/b/2", "c/3", "c/4"]) tree.write(path, path);
      });
      folder.tree.rename("a/b", "c/b");
      folder.tree.remove("c/3");
      for (const path of ["x", "y", "c/z"]) folder.tree.save(path, path);
      folder.disk = {
        stat: (path) => folder.tree.stat(path),
        open: (path) => folder.tree.open(path),
        list: async (path) => (turned ? (await folder.tree.list(path)).toReversed() : folder.tree.list(path)),
      };
      results.push(await folder.scan());
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.observations.map(({ type }) => type)).toEqual(["moved", "appeared", "appeared", "appeared", "vanished"]);
  });
});
