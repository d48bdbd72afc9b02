/**
 * What the server has said of nodes, from pages of the tree and from the journal, in whatever order it came: of two
 * sayings about one node the one with the higher revision holds, deleted nodes included.
 */
import { rootId, type NodeId } from "@ashlar/shared/ids";
import type { Entry } from "./entry.ts";

export class KnownNodes {
  readonly #nodes = new Map<NodeId, Entry>();
  readonly #children = new Map<NodeId, Set<NodeId>>();

  get(node: NodeId): Entry | undefined {
    return this.#nodes.get(node);
  }

  /** Those known so far, deleted ones left out. */
  *childrenOf(folder: NodeId): Generator<Entry> {
    for (const node of this.#children.get(folder) ?? []) {
      const entry = this.#nodes.get(node);
      if (entry !== undefined) yield entry;
    }
  }

  /** The folders whose listing it changed; none if it is not news. */
  learn(entry: Entry): NodeId[] {
    const before = this.#nodes.get(entry.node);
    if (before !== undefined && before.rev >= entry.rev) return [];
    this.#nodes.set(entry.node, entry);
    // The root is its own parent on the wire.
    if (entry.node === rootId) return [];
    const touched: NodeId[] = [];
    if (before !== undefined && !before.isDeleted) {
      this.#children.get(before.parent)?.delete(entry.node);
      touched.push(before.parent);
    }
    if (!entry.isDeleted) {
      const siblings = this.#children.get(entry.parent) ?? new Set<NodeId>();
      this.#children.set(entry.parent, siblings.add(entry.node));
      touched.push(entry.parent);
    }
    return touched;
  }

  clear(): void {
    this.#nodes.clear();
    this.#children.clear();
  }
}
