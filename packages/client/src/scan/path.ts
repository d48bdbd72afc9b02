import type { NodeId } from "@ashlar/shared/ids";
import type { RelativePath } from "../ports.ts";
import type { LocalNode, LocalView } from "./types.ts";

export function joinPath(folder: RelativePath, name: string): RelativePath {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The folder that holds the entry; the root's own is the root. */
export function parentPath(path: RelativePath): RelativePath {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** How many names lead to it: the root has none. */
export function depthOf(path: RelativePath): number {
  return path === "" ? 0 : path.split("/").length;
}

/** The folders above an entry, the root first. */
export function foldersAbove(path: RelativePath): RelativePath[] {
  const folders: RelativePath[] = [];
  for (let at = path; at !== "";) folders.push((at = parentPath(at)));
  return folders.toReversed();
}

/** An order in which a folder comes before what is in it, the same on every device. */
export function comparePaths(a: RelativePath, b: RelativePath): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** As the disk has it. */
export function spellingOf(node: LocalNode): string {
  return node.spelling ?? node.name;
}

/** Where the node was last seen; undefined when the chain of its parents is broken. */
export function pathOf(view: LocalView, root: NodeId, node: LocalNode): RelativePath | undefined {
  const names = [spellingOf(node)];
  for (let parent = node.parent; parent !== root;) {
    const above = view.get(parent);
    if (above === undefined) return undefined;
    names.push(spellingOf(above));
    parent = above.parent;
  }
  return names.toReversed().join("/");
}
