import type { BlockHash } from "@ashlar/shared/ids";
import { pushInlineBytesMax } from "@ashlar/shared/limits";

/** Many pushes' worth: a device that falls behind this far fetches. */
const receivedBytesMax = 64 * pushInlineBytesMax;

/** Content that came with pushed changes, until it is on the disk or too old; whoever uses it verifies it. */
export class ReceivedBlocks {
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

  get blocks(): ReadonlyMap<BlockHash, Uint8Array> {
    return this.#blocks;
  }
}
