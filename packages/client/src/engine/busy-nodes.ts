import type { NodeId } from "@ashlar/shared/ids";

/** Nodes with steps under way; in a swap a node has two. */
export class BusyNodes {
  readonly #steps = new Map<NodeId, number>();

  enter(id: NodeId): void {
    this.#steps.set(id, (this.#steps.get(id) ?? 0) + 1);
  }

  leave(id: NodeId): void {
    const left = (this.#steps.get(id) ?? 0) - 1;
    if (left > 0) this.#steps.set(id, left);
    else this.#steps.delete(id);
  }

  has(id: NodeId): boolean {
    return this.#steps.has(id);
  }
}
