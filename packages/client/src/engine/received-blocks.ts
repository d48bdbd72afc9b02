import type { BlockHash } from "@ashlar/shared/ids";
import { pushInlineBytesMax } from "@ashlar/shared/limits";

/** Many pushes' worth: a device that falls behind this far fetches. */
const receivedBytesMax = 64 * pushInlineBytesMax;

/** Blocks, or deltas that make them, that came with pushed changes, until they are too old; whoever uses one verifies it. */
export class ReceivedBytes {
  readonly #blocks = new Map<BlockHash, Uint8Array>();
  #bytes = 0;

  put(hash: BlockHash, bytes: Uint8Array): void {
    if (this.#blocks.has(hash)) return;
    this.#blocks.set(hash, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#blocks) {
      if (this.#bytes <= receivedBytesMax) return;
      this.#blocks.delete(oldest);
      this.#bytes -= old.length;
    }
  }

  get byHash(): ReadonlyMap<BlockHash, Uint8Array> {
    return this.#blocks;
  }
}
