import { fromBase64Url, toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import { type BlockRef, entryBytes } from "@ashlar/shared/manifest";

const hashBytes = 32;

/**
 * A manifest's blocks one by one, from its own 35 bytes for each: as objects, those of a file of 128 GiB would take as much memory as
 * ten readers may. It was checked when it was committed.
 */
export class ManifestView {
  readonly #bytes: Uint8Array;
  readonly count: number;

  constructor(manifest: string) {
    this.#bytes = fromBase64Url(manifest);
    this.count = Math.floor(this.#bytes.length / entryBytes);
  }

  sizeAt(index: number): number {
    const at = index * entryBytes + hashBytes;
    const [high = 0, middle = 0, low = 0] = this.#bytes.subarray(at, at + 3);
    return (high << 16) | (middle << 8) | low;
  }

  /** Those that the span of the content touches, and how many bytes of the first lie before it. */
  touching({ offset, length }: { readonly offset: number; readonly length: number }): { from: number; to: number; skip: number } {
    let from = 0;
    let start = 0;
    while (from < this.count && start + this.sizeAt(from) <= offset) start += this.sizeAt(from++);
    let to = from;
    for (let end = start; to < this.count && end < offset + length; to++) end += this.sizeAt(to);
    return { from, to, skip: offset - start };
  }

  *blocks(from = 0, to = this.count): Generator<BlockRef> {
    for (let index = from; index < to; index++) {
      const at = index * entryBytes;
      yield { hash: toHex(this.#bytes.subarray(at, at + hashBytes)) as BlockHash, size: this.sizeAt(index) };
    }
  }
}
