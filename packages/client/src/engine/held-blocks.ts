import type { NodeId } from "@ashlar/shared/ids";
import { commitInlineBytesMax } from "@ashlar/shared/limits";
import type { Ingested } from "../ports.ts";

export type HeldContent = Pick<Ingested, "small" | "deltas">;

/** Twice a commit: one on its way and one being read. What falls out is read again when the server asks for it. */
const heldBytesMax = 2 * commitInlineBytesMax;
/** So much is read in any case, if nothing is on its way: what is held may belong to files that wait for a long time. */
const roomBytesMin = commitInlineBytesMax / 4;
const nothing: HeldContent = { small: [], deltas: [] };

/** Small blocks and deltas of files that were read and are not committed yet, by node; the oldest go first when there are too many. */
export class HeldBlocks {
  readonly #byNode = new Map<NodeId, HeldContent>();
  #bytes = 0;

  /** Bytes that may be read before what is held has been sent. `isDraining`: a commit is under way, after which there is more room. */
  room(isDraining: boolean): number {
    return Math.max(isDraining ? 0 : roomBytesMin, Math.min(commitInlineBytesMax, heldBytesMax - this.#bytes));
  }

  put(id: NodeId, content: HeldContent): void {
    this.drop(id);
    this.#byNode.set(id, content);
    this.#bytes += bytesOf(content);
    for (const oldest of this.#byNode.keys()) {
      if (this.#bytes <= heldBytesMax || oldest === id) return;
      this.drop(oldest);
    }
  }

  get(id: NodeId): HeldContent {
    return this.#byNode.get(id) ?? nothing;
  }

  drop(id: NodeId): void {
    this.#bytes -= bytesOf(this.get(id));
    this.#byNode.delete(id);
  }

  /** The server does not take them: the blocks go whole. */
  dropDeltas(id: NodeId): void {
    const { small } = this.get(id);
    if (this.#byNode.has(id)) this.put(id, { small, deltas: [] });
  }

  move(from: NodeId, to: NodeId): void {
    const content = this.#byNode.get(from);
    if (content === undefined) return;
    this.drop(from);
    this.put(to, content);
  }
}

function bytesOf({ small, deltas }: HeldContent): number {
  return small.reduce((total, { bytes }) => total + bytes.length, 0) + deltas.reduce((total, { frame }) => total + frame.length, 0);
}
