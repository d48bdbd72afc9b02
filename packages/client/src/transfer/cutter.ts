import { cutLength } from "@ashlar/shared/chunker";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { TransferOptions } from "./options.ts";

/**
 * Finds a file's blocks one after the other. Where the version before had a block that is still there, its hash tells: then its end is
 * where the content cuts as well, since that depends on nothing before the block, and hashing takes a third of the time of looking for it.
 */
export class Cutter {
  readonly #before: readonly BlockRef[];
  readonly #hashBlock: TransferOptions["hashBlock"];
  readonly #places: ReadonlyMap<BlockHash, number>;
  /** The block of the version before that is likely to follow. */
  #next = 0;

  constructor(before: readonly BlockRef[], hashBlock: TransferOptions["hashBlock"]) {
    this.#before = before;
    this.#hashBlock = hashBlock;
    this.#places = new Map(before.map(({ hash }, index) => [hash, index]));
  }

  /** The first block of what is left of the file: all of it if `isEnd`, else at least as much as the longest block. */
  async next(left: Uint8Array, isEnd: boolean): Promise<BlockRef> {
    const same = await this.#same(left, isEnd);
    if (same !== undefined) {
      this.#next++;
      return same;
    }
    const size = cutLength(left, isEnd);
    const hash = await this.#hashBlock(left.subarray(0, size));
    this.#next = (this.#places.get(hash) ?? this.#next) + 1;
    return { hash, size };
  }

  async #same(left: Uint8Array, isEnd: boolean): Promise<BlockRef | undefined> {
    const guess = this.#before[this.#next];
    if (guess === undefined || guess.size > left.length) return undefined;
    // The last one ended with its file, not by its content.
    const isLast = this.#next === this.#before.length - 1;
    if (isLast && !(isEnd && guess.size === left.length)) return undefined;
    return (await this.#hashBlock(left.subarray(0, guess.size))) === guess.hash ? guess : undefined;
  }
}
