import type { NodeId } from "@ashlar/shared/ids";
import { commitInlineBytesMax } from "@ashlar/shared/limits";
import type { Ingested } from "../ports.ts";

type Small = Ingested["small"];

/** Twice a commit: one on its way and one being read. What falls out is read again when the server asks for it. */
const heldBytesMax = 2 * commitInlineBytesMax;

/** Small blocks of files that were read and are not committed yet, by node; the oldest go first when there are too many. */
export class HeldBlocks {
  readonly #byNode = new Map<NodeId, Small>();
  #bytes = 0;

  put(id: NodeId, small: Small): void {
    this.drop(id);
    this.#byNode.set(id, small);
    this.#bytes += bytesOf(small);
    for (const oldest of this.#byNode.keys()) {
      if (this.#bytes <= heldBytesMax || oldest === id) return;
      this.drop(oldest);
    }
  }

  get(id: NodeId): Small {
    return this.#byNode.get(id) ?? [];
  }

  drop(id: NodeId): void {
    this.#bytes -= bytesOf(this.get(id));
    this.#byNode.delete(id);
  }

  move(from: NodeId, to: NodeId): void {
    const small = this.#byNode.get(from);
    if (small === undefined) return;
    this.drop(from);
    this.put(to, small);
  }
}

function bytesOf(small: Small): number {
  return small.reduce((total, { bytes }) => total + bytes.length, 0);
}
