import { rootId, type NodeId } from "../ids.ts";
import type { PastNode } from "../protocol/history.ts";
import type { Place } from "./steps.ts";

const keyOf = ({ parent, name }: Place): string => `${parent}/${name}`;

/** The known part of a tree as it will be after the steps so far. */
export class SketchedTree {
  readonly #revs = new Map<NodeId, number>();
  /** Of live nodes. */
  readonly #places = new Map<NodeId, Place>();
  readonly #holders = new Map<string, NodeId>();
  readonly #children = new Map<NodeId, Set<NodeId>>();

  constructor(nodes: Iterable<PastNode>) {
    for (const { node, parent, name, rev, deletedAt } of nodes) {
      this.#revs.set(node, rev);
      if (deletedAt === null && node !== rootId) this.put(node, { parent, name });
    }
  }

  isLive(node: NodeId): boolean {
    return this.#places.has(node);
  }

  rev(node: NodeId): number {
    return this.#revs.get(node) ?? 1;
  }

  /** Every step raises the revision by one. */
  touch(node: NodeId): void {
    this.#revs.set(node, this.rev(node) + 1);
  }

  parent(node: NodeId): NodeId | undefined {
    return this.#places.get(node)?.parent;
  }

  holder(place: Place): NodeId | undefined {
    return this.#holders.get(keyOf(place));
  }

  children(folder: NodeId): Iterable<NodeId> {
    return this.#children.get(folder) ?? [];
  }

  put(node: NodeId, place: Place): void {
    this.remove(node);
    this.#places.set(node, place);
    this.#holders.set(keyOf(place), node);
    const siblings = this.#children.get(place.parent) ?? new Set();
    this.#children.set(place.parent, siblings.add(node));
  }

  remove(node: NodeId): void {
    const place = this.#places.get(node);
    if (place === undefined) return;
    this.#places.delete(node);
    if (this.#holders.get(keyOf(place)) === node) this.#holders.delete(keyOf(place));
    this.#children.get(place.parent)?.delete(node);
  }
}
