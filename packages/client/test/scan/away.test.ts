/** What was moved to where nothing is synced. */
import { describe, expect, it } from "vitest";
import { type Disk, DiskError, type RelativePath } from "../../src/ports.ts";
import type { MemoryTree } from "../support/memory-tree.ts";
import { type Scanned, scanned } from "../support/scanned.ts";

const composed = "\u00e9";
const decomposed = "e\u0301";

/** Two folders of one name in NFC, of which the second waits, and beside them what can be moved. */
function grow(tree: MemoryTree): void {
  tree.makeFolder(composed);
  tree.makeFolder("from");
  tree.write("from/file", "text");
  tree.makeFolder("from/folder");
  tree.write("from/folder/below", "below");
}

async function clashing(): Promise<Scanned> {
  const folder = await scanned(grow);
  folder.tree.makeFolder(decomposed);
  await folder.scan();
  return folder;
}

const told = ({ hindrances }: Awaited<ReturnType<Scanned["scan"]>>) => hindrances.map(({ path, reason }) => `${path} ${reason}`);

/** The tree, while these folders cannot be listed. */
function failing(tree: MemoryTree, ...paths: readonly RelativePath[]): Pick<Disk, "stat" | "list" | "open"> {
  return {
    stat: (at) => tree.stat(at),
    open: (at) => tree.open(at),
    list: async (at) => {
      if (paths.includes(at)) throw new DiskError("io", at);
      return tree.list(at);
    },
  };
}

describe("scan: what was moved into a folder that waits", () => {
  it.each([
    ["a clash", decomposed],
    ["a bad name", "bad\uFFFD"],
  ])("S30 has not vanished, and is a move when nothing hinders the folder any more: %s", async (_reason, name) => {
    const folder = await scanned(grow);
    folder.tree.makeFolder(name);
    folder.tree.rename("from/file", `${name}/file`);
    folder.tree.rename("from/folder", `${name}/folder`);
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances.filter(({ reason }) => reason === "moved-away").map(({ path }) => path)).toEqual(["from/file", "from/folder"]);
    expect((await folder.scan()).observations).toEqual([]);
    folder.tree.rename(name, "named");
    expect(await folder.seen()).toEqual(["appeared named", "moved named/file", "moved named/folder"]);
    expect(await folder.scan()).toMatchObject({ observations: [], hindrances: [] });
  });

  it("S30 is told of with the folder and its reason", async () => {
    const folder = await clashing();
    folder.tree.rename("from/file", `${decomposed}/other`);
    const { hindrances } = await folder.scan();
    expect(hindrances.find(({ path }) => path === "from/file")?.detail).toBe(
      `it was moved into ${decomposed}, which is not synced because another name here differs only in its Unicode form: rename one of the two`,
    );
  });

  it("S30 is found there by a scan that did not come by the folder, but knows of it", async () => {
    const folder = await clashing();
    folder.tree.rename("from/file", `${decomposed}/file`);
    const { observations, hindrances } = await folder.scan(["from"]);
    expect(observations).toEqual([]);
    expect(hindrances).toMatchObject([{ path: "from/file", reason: "moved-away" }]);
    expect(folder.listed).toEqual(["from"]);
  });

  it.each([decomposed, "bad\uFFFD"])(
    "S30 is found under a name that is not synced itself, as %s, by a scan that looks elsewhere",
    async (name) => {
      const folder = await scanned((tree) => {
        tree.write(composed, "composed");
        tree.makeFolder("from");
        tree.write("from/file", "text");
        tree.makeFolder("from/folder");
        tree.write("from/folder/below", "below");
      });
      folder.tree.rename("from/file", name);
      folder.tree.makeFolder("to");
      folder.tree.rename("from/folder", "to/worse\uFFFD");
      expect((await folder.scan()).observations).toMatchObject([{ type: "appeared", name: "to" }]);
      const { observations, hindrances } = await folder.scan(["from"]);
      expect(observations).toEqual([]);
      expect(hindrances).toMatchObject([
        { path: "from/file", detail: expect.stringContaining(`it was moved to ${name}, which`) },
        { path: "from/folder", detail: expect.stringContaining("it was moved to to/worse\uFFFD, which") },
      ]);
    },
  );

  it("S30 vanishes when it is deleted there, or taken to where it is ignored", async () => {
    const folder = await scanned((tree) => {
      grow(tree);
      tree.write(".ashlarignore", "*.tmp\n");
    });
    folder.tree.makeFolder(decomposed);
    folder.tree.rename("from/file", `${decomposed}/file`);
    folder.tree.rename("from/folder", `${decomposed}/folder`);
    expect((await folder.scan()).observations).toEqual([]);
    folder.tree.remove(`${decomposed}/file`);
    expect(await folder.seen(["from"])).toEqual(["vanished from/file"]);
    folder.tree.rename(`${decomposed}/folder`, `${decomposed}/folder.tmp`);
    expect(await folder.seen(["from"])).toEqual(["vanished from/folder/below", "vanished from/folder"]);
  });

  it("S30 nothing is listed there while nothing is missing, or all is found elsewhere", async () => {
    const folder = await clashing();
    folder.tree.rename("from/file", "file");
    folder.tree.write(`${decomposed}/new`, "new");
    folder.disk = failing(folder.tree, decomposed);
    expect(await folder.scan()).toMatchObject({ observations: [{ type: "moved" }], hindrances: [{ path: decomposed, reason: "clash" }] });
  });

  it("S30 another file that has its inode by now is another file", async () => {
    const folder = await clashing();
    folder.tree.remove("from/file");
    folder.tree.write(`${decomposed}/new`, "another text");
    expect(await folder.seen()).toEqual(["vanished from/file"]);
  });

  it("S34 is found there also when it was written to since, but not as a new file of the same inode", async () => {
    const folder = await clashing();
    folder.tree.rename("from/file", `${decomposed}/file`);
    folder.tree.write(`${decomposed}/file`, "text and more of it");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances).toMatchObject([{ path: decomposed }, { path: "from/file", reason: "moved-away" }]);
    folder.tree.remove(`${decomposed}/file`);
    folder.tree.write(`${decomposed}/file`, "text and more of it, anew");
    expect(await folder.seen()).toEqual(["vanished from/file"]);
  });

  it("S34 where the disk does not tell when an inode was born, an edited one cannot be known", async () => {
    const folder = await clashing();
    folder.disk = {
      stat: (at) => folder.tree.stat(at),
      open: (at) => folder.tree.open(at),
      list: async (at) => (await folder.tree.list(at)).map((entry) => ({ ...entry, stat: { ...entry.stat, bornMs: 0 } })),
    };
    folder.tree.rename("from/file", `${decomposed}/file`);
    folder.tree.write(`${decomposed}/file`, "text and more of it");
    expect(await folder.seen()).toEqual(["vanished from/file"]);
  });

  it("S31 what cannot be listed below a folder that waits is named", async () => {
    const folder = await clashing();
    folder.tree.makeFolder(`${decomposed}/deep`);
    folder.tree.rename("from/file", `${decomposed}/deep/file`);
    folder.disk = failing(folder.tree, `${decomposed}/deep`);
    expect(told(await folder.scan(["from"]))).toEqual([`${decomposed}/deep unreadable`]);
  });

  it("S32 the folder that it was in, deleted since, does not vanish before it", async () => {
    const folder = await clashing();
    folder.tree.rename("from/folder/below", `${decomposed}/below`);
    folder.tree.rename("from/file", "bad\uFFFD");
    folder.tree.remove("from");
    const { observations, hindrances } = await folder.scan();
    expect(observations).toEqual([]);
    expect(hindrances.filter(({ reason }) => reason === "moved-away").map(({ path, detail }) => [path, detail.slice(0, 23)])).toEqual([
      ["from", "file was in it: it was "],
      ["from/file", "it was moved to bad\uFFFD, w"],
      ["from/folder", "below was in it: it was"],
      ["from/folder/below", `it was moved into ${decomposed}, w`],
    ]);
    folder.tree.rename(decomposed, "named");
    folder.tree.rename("bad\uFFFD", "good");
    expect(await folder.seen()).toEqual(["moved good", "appeared named", "moved named/below", "vanished from/folder", "vanished from"]);
  });

  it("S32 what is deleted of a folder that was moved there is unknown with it", async () => {
    const folder = await clashing();
    folder.tree.rename("from/folder", `${decomposed}/folder`);
    folder.tree.remove(`${decomposed}/folder/below`);
    expect((await folder.scan()).observations).toEqual([]);
    folder.tree.rename(decomposed, "named");
    expect(await folder.seen()).toEqual(["appeared named", "moved named/folder", "vanished from/folder/below"]);
  });
});
