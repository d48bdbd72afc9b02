import type { NodeId } from "@ashlar/shared/ids";

/** That of some 80 blocks, or 160 MB. Those of thousands of longer files would fill the memory. */
const manifestCharsMax = 4096;

/** A tree's nodes as they were last read, so that a step that asks for one and for all above it, again and again, asks the database once. */
export class NodeCache<Node extends { readonly manifest: string | null }> {
  readonly #read: (id: NodeId) => Node | undefined;
  readonly #nodesMax: number;
  readonly #nodes = new Map<NodeId, Node | undefined>();

  /** `nodesMax`: 0 where somebody else writes to the database. */
  constructor(read: (id: NodeId) => Node | undefined, nodesMax: number) {
    this.#read = read;
    this.#nodesMax = nodesMax;
  }

  get(id: NodeId): Node | undefined {
    const known = this.#nodes.get(id);
    if (known !== undefined || this.#nodes.has(id)) return known;
    const node = this.#read(id);
    this.#keep(id, node);
    return node;
  }

  /** The database has it now; undefined: it has it no more. Whoever takes the write back calls {@link forgetAll}. */
  written(id: NodeId, node: Node | undefined): void {
    this.#nodes.delete(id);
    this.#keep(id, node);
  }

  #keep(id: NodeId, node: Node | undefined): void {
    if ((node?.manifest?.length ?? 0) > manifestCharsMax) return;
    // All at once: what is in use is soon here again, and who remembers an order pays for it at every look.
    if (this.#nodes.size >= this.#nodesMax) this.#nodes.clear();
    if (this.#nodesMax > 0) this.#nodes.set(id, node);
  }

  /** Of all of them: many were written, or writes were taken back. */
  forgetAll(): void {
    this.#nodes.clear();
  }
}
