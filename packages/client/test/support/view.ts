import { type NodeId, nodeIdSchema, rootId } from "@ashlar/shared/ids";
import type { RelativePath } from "../../src/ports.ts";
import { joinPath, spellingOf } from "../../src/scan/path.ts";
import type { LocalNode, LocalView, Observation } from "../../src/scan/types.ts";

/** The local tree in memory. Every file that was observed counts as read. */
export class View implements LocalView {
  readonly #nodes = new Map<NodeId, LocalNode>();

  get(id: NodeId): LocalNode | undefined {
    return this.#nodes.get(id);
  }

  children(parent: NodeId): readonly LocalNode[] {
    return [...this.#nodes.values()].filter((node) => node.parent === parent);
  }

  folders(parent: NodeId): readonly LocalNode[] {
    return this.children(parent).filter(({ kind }) => kind === "folder");
  }

  some(parent: NodeId, count: number): readonly LocalNode[] {
    return this.children(parent).slice(0, count);
  }

  byInode(inode: string): LocalNode | undefined {
    return [...this.#nodes.values()].find(({ stat }) => stat.inode === inode);
  }

  /** Refuses an observation that the tree at that moment has no place for. */
  apply(observations: readonly Observation[], seenAtMs: number): void {
    for (const observation of observations) this.#apply(observation, seenAtMs);
  }

  /** Path as the disk spells it to node, for all that hangs together with the root. */
  tree(): Map<RelativePath, LocalNode> {
    const tree = new Map<RelativePath, LocalNode>();
    const walk = (parent: NodeId, path: RelativePath) => {
      for (const node of this.children(parent)) {
        const at = joinPath(path, spellingOf(node));
        if (tree.has(at)) throw new Error(`two nodes at ${at}`);
        tree.set(at, node);
        walk(node.id, at);
      }
    };
    walk(rootId, "");
    if (tree.size !== this.#nodes.size) throw new Error("a node hangs in the air");
    return tree;
  }

  at(path: RelativePath): LocalNode {
    const node = this.tree().get(path);
    if (node === undefined) throw new Error(`no node at ${path}`);
    return node;
  }

  #apply(observation: Observation, seenAtMs: number): void {
    const { id } = observation;
    const before = this.#nodes.get(id);
    if ("parent" in observation && observation.parent !== rootId && !this.#nodes.has(observation.parent))
      throw new Error("a parent is missing");
    if (observation.type === "appeared") {
      const { parent, name, spelling, kind, stat } = observation;
      if (before !== undefined) throw new Error("an id appears twice");
      this.#nodes.set(id, { id, parent, name, spelling, kind, stat, seenAtMs, manifest: kind === "folder" ? null : "read" });
      return;
    }
    if (before === undefined) throw new Error(`${observation.type} of an unknown node`);
    if (observation.type === "vanished") {
      if (this.children(id).length > 0) throw new Error("a folder vanishes before what is in it");
      this.#nodes.delete(id);
    } else if (observation.type === "moved") {
      const { parent, name, spelling, stat } = observation;
      this.#nodes.set(id, { ...before, parent, name, spelling, stat, seenAtMs });
    } else {
      this.#nodes.set(id, { ...before, stat: observation.stat, seenAtMs });
    }
  }
}

/** Ids in order: n0, n1, ... */
export function idSequence(): () => NodeId {
  let count = 0;
  return () => nodeIdSchema.parse(`n${count++}`.padEnd(22, "_"));
}
