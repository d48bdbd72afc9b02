import { describe, expect, it } from "vitest";
import { scanned } from "../support/scanned.ts";

describe("scan: which node an entry is", () => {
  it("S5 a file saved by renaming a new one over it keeps its node and is read again", async () => {
    const folder = await scanned((tree) => tree.write("a", "old"));
    const { id } = folder.view.at("a");
    folder.tree.save("a", "newer");
    expect((await folder.scan()).observations).toEqual([{ type: "changed", id, stat: folder.tree.statOf("a"), content: true }]);
  });

  it("S5 a file saved by deleting and writing it anew keeps its node", async () => {
    const folder = await scanned((tree) => tree.write("a.kdbx", "old"));
    folder.tree.write("a.kdbx.new", "newer");
    folder.tree.remove("a.kdbx");
    folder.tree.rename("a.kdbx.new", "a.kdbx");
    expect(await folder.seen()).toEqual(["changed a.kdbx"]);
  });

  it("S5 a file saved beside a backup that is known, or that rules ignore, keeps its node", async () => {
    const folder = await scanned((tree) => {
      tree.write("a", "1");
      tree.write("a.bak", "0");
      tree.write("b", "1");
    });
    folder.tree.rename("a", "a.bak");
    folder.tree.write("a", "22");
    folder.tree.rename("b", "b~");
    folder.tree.write("b", "22");
    expect(await folder.seen()).toEqual(["changed a", "changed a.bak", "changed b"]);
  });

  it("S6 a file renamed to a new name and written anew under the old one has moved, and the new one is new", async () => {
    const folder = await scanned((tree) => tree.write("a", "old"));
    const { id } = folder.view.at("a");
    folder.tree.rename("a", "b");
    folder.tree.write("a", "new");
    expect(await folder.seen()).toEqual(["appeared a", "moved b"]);
    expect(folder.view.at("b").id).toBe(id);
  });

  it("S4 two names swapped and three rotated are that many moves", async () => {
    const folder = await scanned((tree) => {
      for (const name of ["a", "b", "x", "y", "z"]) tree.write(name, name);
    });
    const before = new Map([...folder.view.tree()].map(([path, { id }]) => [path, id]));
    const { tree } = folder;
    tree.rename("a", "t");
    tree.rename("b", "a");
    tree.rename("t", "b");
    tree.rename("x", "t");
    tree.rename("z", "x");
    tree.rename("y", "z");
    tree.rename("t", "y");
    expect(await folder.seen()).toEqual(["moved a", "moved b", "moved x", "moved y", "moved z"]);
    expect(["a", "b", "x", "y", "z"].map((path) => folder.view.at(path).id)).toEqual(
      ["b", "a", "z", "x", "y"].map((path) => before.get(path)),
    );
  });

  it("S7 a renamed folder is one observation, whatever is in it", async () => {
    const folder = await scanned((tree) => {
      tree.makeFolder("a");
      tree.makeFolder("a/b");
      tree.write("a/b/c", "text");
    });
    folder.tree.rename("a", "z");
    expect(await folder.seen(["", "a", "a/b"])).toEqual(["moved z"]);
    expect(folder.listed).toEqual(["", "z", "z/b"]);
  });

  it("S7 a folder that takes an edit along is a move and a change", async () => {
    const folder = await scanned((tree) => {
      tree.makeFolder("a");
      tree.write("a/c", "text");
    });
    folder.tree.rename("a", "z");
    folder.tree.write("z/c", "more text");
    expect(await folder.seen([""])).toEqual(["moved z", "changed z/c"]);
  });

  it("S6 what moved out of a folder before it was deleted is moved, the rest of it vanishes", async () => {
    const folder = await scanned((tree) => {
      tree.makeFolder("a");
      tree.makeFolder("a/b");
      tree.write("a/b/keep", "1");
      tree.write("a/b/drop", "2");
    });
    folder.tree.rename("a/b/keep", "keep");
    folder.tree.remove("a");
    expect(await folder.seen()).toEqual(["moved keep", "vanished a/b/drop", "vanished a/b", "vanished a"]);
  });

  it("S6 a file that came from a folder outside the scan has moved, unless it still stands there", async () => {
    const folder = await scanned((tree) => {
      for (const name of ["a", "b"]) tree.makeFolder(name);
      tree.write("a/gone", "1");
      tree.write("a/linked", "2");
    });
    folder.tree.rename("a/gone", "b/here");
    folder.tree.hardLink("a/linked", "b/linked");
    expect(await folder.seen(["b"])).toEqual(["moved b/here", "appeared b/linked"]);
  });

  it("S10 a file that becomes a folder vanishes and another node appears; so back again", async () => {
    const folder = await scanned((tree) => tree.write("a", "text"));
    const { id } = folder.view.at("a");
    folder.tree.remove("a");
    folder.tree.makeFolder("a");
    folder.tree.write("a/b", "text");
    expect((await folder.scan()).observations.map(({ type }) => type)).toEqual(["appeared", "appeared", "vanished"]);
    expect(folder.view.at("a").id).not.toBe(id);
    folder.tree.remove("a");
    folder.tree.write("a", "text");
    expect((await folder.scan()).observations.map(({ type }) => type)).toEqual(["appeared", "vanished", "vanished"]);
  });

  it("S10 a folder replaced by another folder of its name keeps its node", async () => {
    const folder = await scanned((tree) => {
      tree.makeFolder("a");
      tree.write("a/same", "1");
      tree.write("a/old", "1");
    });
    folder.tree.makeFolder("new");
    folder.tree.write("new/same", "22");
    folder.tree.remove("a");
    folder.tree.rename("new", "a");
    expect(await folder.seen()).toEqual(["changed a", "changed a/same", "vanished a/old"]);
  });

  it("S12 two names of one inode are two nodes, and scans do not waver between them", async () => {
    const folder = await scanned((tree) => {
      tree.write("a", "text");
      tree.hardLink("a", "b");
    });
    const [a, b] = [folder.view.at("a").id, folder.view.at("b").id];
    expect(a).not.toBe(b);
    expect(await folder.seen()).toEqual([]);
    folder.tree.rename("b", "c");
    expect(await folder.seen()).toEqual(["changed a", "moved c"]);
    expect(folder.view.at("c").id).toBe(b);
  });

  it("S13 an inode used again for other content is a new file", async () => {
    const folder = await scanned((tree) => tree.write("a", "text"));
    const { inode } = folder.tree.statOf("a");
    folder.tree.remove("a");
    folder.tree.write("b", "other");
    expect(folder.tree.statOf("b").inode).toBe(inode);
    expect(await folder.seen()).toEqual(["appeared b", "vanished a"]);
  });
});
