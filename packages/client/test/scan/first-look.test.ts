import { rootId } from "@ashlar/shared/ids";
import { expect, it } from "vitest";
import { DiskError, type RelativePath } from "../../src/ports.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { scan, type ScanOptions } from "../../src/scan/scan.ts";
import { MemoryTree } from "../support/memory-tree.ts";
import { idSequence, View } from "../support/view.ts";

function grown(): MemoryTree {
  const tree = new MemoryTree();
  for (const folder of ["a", "a/b", "a/b/c", "unreadable", "wide", ".hidden"]) tree.makeFolder(folder);
  for (const name of ["e\u0301", "\u00e9", "x"]) tree.write(`a/${name}`, name);
  tree.write("a/b/c/deep", "text");
  tree.hardLink("a/x", "a/b/same");
  tree.makeLink("a/link", "x");
  tree.makeSpecial("a/pipe");
  tree.write("unreadable/file", "text");
  tree.write(".ashlarignore", "*.tmp\n");
  tree.write("a/left out.tmp", "text");
  for (let index = 0; index < 2500; index++) tree.write(`wide/${index}`, "text");
  return tree;
}

/** What a look at the tree leaves in an empty view. */
async function look(tree: MemoryTree, isTold: boolean) {
  const view = new View();
  const told: number[] = [];
  const folders: RelativePath[] = [];
  const disk: ScanOptions["disk"] = {
    stat: (path) => tree.stat(path),
    list: async (path) => {
      if (path === "unreadable") throw new DiskError("no-permission", path);
      return tree.list(path);
    },
  };
  const result = await scan({
    disk,
    view,
    rootId,
    folders: "all",
    takesOver: true,
    ignore: loadIgnore(tree),
    newId: idSequence(),
    onFolder: (path) => folders.push(path),
    ...(isTold && {
      tell: (observations) => {
        told.push(observations.length);
        view.apply(observations, 0);
      },
    }),
  });
  view.apply(result.observations, 0);
  const { hindrances, foldersSeen, entriesSeen } = result;
  const places = [...view.tree()].map(([path, { kind, stat }]) => ({ path, kind, stat })).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const paths = hindrances.map(({ path, reason }) => `${path} ${reason}`).toSorted();
  return { told, looked: { places, paths, foldersSeen, entriesSeen, folders: folders.toSorted() } };
}

it("S33 the first look at a tree finds what every look does, and tells of it bit by bit, folders before what is in them", async () => {
  const tree = grown();
  const [first, other] = [await look(tree, true), await look(tree, false)];
  expect(first.looked).toEqual(other.looked);
  expect(first.looked.paths).toEqual(["a/pipe special-file", "a/\u00e9 clash", "unreadable unreadable"]);
  expect(first.told.length).toBeGreaterThan(2);
  expect(Math.max(...first.told)).toBeLessThanOrEqual(1000);
});
