import { rootId, type NodeId } from "@ashlar/shared/ids";
import type { NodeRow } from "./node-row.ts";

const placeKey = (parent: NodeId | null, name: string): string => `${parent ?? ""}/${name}`;

/**
 * The part of a tree that a commit can touch, as it is and as the operations so far would make it.
 * It must hold every node that an operation names, the holders of the names it wants, and all ancestors of these.
 */
export class TreeOverlay {
  readonly #before: ReadonlyMap<NodeId, NodeRow>;
  readonly #after: Map<NodeId, NodeRow>;
  readonly #holders = new Map<string, NodeId>();
  readonly #childCounts: Map<NodeId, number>;
  readonly #touched = new Set<NodeId>();

  /** `childCounts`: live children of the folders that might be deleted. */
  constructor(nodes: ReadonlyMap<NodeId, NodeRow>, childCounts: ReadonlyMap<NodeId, number>) {
    this.#before = nodes;
    this.#after = new Map(nodes);
    this.#childCounts = new Map(childCounts);
    for (const row of nodes.values()) {
      if (row.deletedAt === null) this.#holders.set(placeKey(row.parent, row.name), row.node);
    }
  }

  before(node: NodeId): NodeRow | undefined {
    return this.#before.get(node);
  }

  get(node: NodeId): NodeRow | undefined {
    return this.#after.get(node);
  }

  /** The node with this name in this folder. */
  holder(parent: NodeId, name: string): NodeId | undefined {
    return this.#holders.get(placeKey(parent, name));
  }

  /** Live children of a folder, counted up to some number above the operations in a commit. */
  childCount(folder: NodeId): number {
    return this.#childCounts.get(folder) ?? 0;
  }

  /** Nodes that {@link put} has changed, in the order of their first change. */
  touched(): ReadonlySet<NodeId> {
    return this.#touched;
  }

  put(row: NodeRow): void {
    const old = this.#after.get(row.node);
    if (old !== undefined && old.deletedAt === null) {
      this.#holders.delete(placeKey(old.parent, old.name));
      this.#count(old.parent, -1);
    }
    this.#after.set(row.node, row);
    this.#touched.add(row.node);
    if (row.deletedAt === null) {
      this.#holders.set(placeKey(row.parent, row.name), row.node);
      this.#count(row.parent, 1);
    }
  }

  /** Changes the digest alone: a node whose digest follows its children's was not touched itself. */
  setDigest(node: NodeId, digest: string): void {
    const row = this.#after.get(node);
    if (row !== undefined) this.#after.set(node, { ...row, digest });
  }

  /** The node and its ancestors up to the root; undefined if any of them is deleted or unknown. */
  chain(node: NodeId): NodeRow[] | undefined {
    const chain: NodeRow[] = [];
    for (let at: NodeId | null = node; at !== null;) {
      const row = this.#after.get(at);
      if (row === undefined || row.deletedAt !== null) return undefined;
      chain.push(row);
      at = row.parent;
    }
    return chain.at(-1)?.node === rootId ? chain : undefined;
  }

  /** Names from the root; the root's is 0. The node must be live. */
  depth(node: NodeId): number {
    return (this.chain(node)?.length ?? 1) - 1;
  }

  /** From the root, `/` between names. The node must be live. */
  path(node: NodeId): string {
    const names = (this.chain(node) ?? []).map((row) => row.name);
    return names.slice(0, -1).toReversed().join("/");
  }

  #count(parent: NodeId | null, by: number): void {
    if (parent !== null) this.#childCounts.set(parent, (this.#childCounts.get(parent) ?? 0) + by);
  }
}
