import { describe, expect, it } from "vitest";
import { type Scanned, scanned } from "../support/scanned.ts";

/** A folder with files and a folder in it, scanned once; from here on, moved folders may be taken over. */
async function ready(): Promise<Scanned> {
  const folder = await scanned((tree) => {
    tree.makeFolder("a");
    for (let index = 0; index < 20; index++) tree.write(`a/file ${index}`, "text");
    tree.makeFolder("a/below");
    tree.write("a/below/deep", "text");
    tree.makeFolder("other");
  });
  folder.takesOver = true;
  return folder;
}

describe("scan: folders that were moved", () => {
  it("S28 one that holds what it held is recognised without being listed, and named as unseen", async () => {
    const folder = await ready();
    const { id } = folder.view.at("a");
    folder.tree.rename("a", "other/b");
    const { observations, unseen } = await folder.scan(["", "other"]);
    expect(observations).toMatchObject([{ type: "moved", id, name: "b" }]);
    expect(unseen).toEqual([id]);
    expect(folder.listed.toSorted()).toEqual(["", "other"]);
  });

  it("S28 a deep scan finds what was done in it meanwhile, at every depth, and announces its folders", async () => {
    const folder = await ready();
    folder.tree.rename("a", "b");
    const { unseen } = await folder.scan([""]);
    folder.tree.write("b/below/new", "text");
    folder.tree.remove("b/file 3");
    const later = await folder.scanUnseen(unseen);
    expect(later.observations.map(({ type }) => type)).toEqual(["appeared", "vanished"]);
    expect(folder.listed.toSorted()).toEqual(["b", "b/below"]);
    expect(later.unseen).toEqual([]);
  });

  it.each<[string, (folder: Scanned) => void]>([
    ["something new stands beside it", ({ tree }) => tree.write("new", "text")],
    ["something went out of it", ({ tree }) => tree.rename("b/file 3", "moved")],
    ["something went into it", ({ tree }) => tree.rename("other", "b/other")],
    ["what was in it is gone", ({ tree }) => tree.remove("b/below/deep")],
    ["its first entries are gone", ({ tree }) => tree.remove("b/file 0")],
  ])("S28 it is looked into at once when %s", async (what, change) => {
    const folder = await ready();
    const isUnseen = what === "what was in it is gone";
    folder.tree.rename("a", "b");
    change(folder);
    const { unseen } = await folder.scan(["", "a"]);
    // Of what is deep below nothing can be known without a look: that is what the later one is for.
    expect(unseen).toHaveLength(isUnseen ? 1 : 0);
    await folder.scanUnseen(unseen);
    expect((await folder.scan()).observations).toEqual([]);
  });

  it("S28 a full scan looks into everything", async () => {
    const folder = await ready();
    folder.tree.rename("a", "b");
    expect((await folder.scan()).unseen).toEqual([]);
    expect(folder.listed).toContain("b/below");
  });

  it("S28 folders that swap their names are both taken over", async () => {
    const folder = await ready();
    folder.tree.write("other/file", "text");
    await folder.scan();
    const [one, two] = [folder.view.at("a").id, folder.view.at("other").id];
    folder.tree.rename("a", "aside");
    folder.tree.rename("other", "a");
    folder.tree.rename("aside", "other");
    const { unseen } = await folder.scan([""]);
    expect(new Set(unseen)).toEqual(new Set([one, two]));
    expect(folder.view.at("other").id).toBe(one);
    expect(folder.listed).toEqual([""]);
  });
});
