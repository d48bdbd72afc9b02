/**
 * Which blocks of a file's earlier version a new block is likely made of: those that stood at its place. The new version
 * is followed block by block as it is read, so that nothing of it has to be kept.
 */
import type { BlockHash } from "@ashlar/shared/ids";
import { deltaBasesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";

/** Where a new block stands between old ones: `bytes` of new content lie between it and the old block before `from`. */
export type Gap = { readonly from: number; readonly bytes: number };

export class OldVersion {
  readonly #blocks: readonly BlockRef[];
  readonly #places = new Map<BlockHash, number[]>();
  #from = 0;
  #bytes = 0;

  constructor(blocks: readonly BlockRef[]) {
    this.#blocks = blocks;
    blocks.forEach(({ hash }, index) => {
      const places = this.#places.get(hash);
      if (places === undefined) this.#places.set(hash, [index]);
      else places.push(index);
    });
  }

  get end(): number {
    return this.#blocks.length;
  }

  /** The file's next block: the index it has in the old version, or the gap it stands in. */
  next({ hash, size }: BlockRef): number | Gap {
    const places = this.#places.get(hash);
    // Content that has moved back is followed there.
    const found = places?.find((place) => place >= this.#from) ?? places?.[0];
    if (found !== undefined) {
      this.#from = found + 1;
      this.#bytes = 0;
      return found;
    }
    const gap = { from: this.#from, bytes: this.#bytes };
    this.#bytes += size;
    return gap;
  }

  /**
   * The most likely first. `until` is the index of the block that follows the new one, when that is an old one: what was
   * there before is closed in from both sides. Neighbours that still stand are no bases, for they are not what has changed,
   * and each costs its name in the frame; they are asked only when nothing stood between them.
   */
  basesOf(size: number, { from, bytes }: Gap, until: number | undefined): BlockRef[] {
    const isClosed = until !== undefined && until >= from;
    const end = isClosed ? until : this.end;
    const replaced = this.#blocks.slice(from, end);
    const overlapping = overlapOf(replaced, bytes, size);
    const last = isClosed ? replaced.slice(-1) : [];
    const likely = [...overlapping, ...replaced.slice(0, 1), ...last];
    const candidates = likely.length > 0 ? likely : this.#blocks.slice(Math.max(0, from - 1), from + 1);
    return [...new Map(candidates.map((block) => [block.hash, block])).values()].slice(0, deltaBasesMax);
  }
}

/** The blocks in which the range of that start and length lies, those first that hold the most of it. */
function overlapOf(blocks: readonly BlockRef[], start: number, length: number): BlockRef[] {
  const found: { block: BlockRef; shared: number }[] = [];
  let offset = 0;
  for (const block of blocks) {
    if (offset >= start + length) break;
    const shared = Math.min(offset + block.size, start + length) - Math.max(offset, start);
    if (shared > 0) found.push({ block, shared });
    offset += block.size;
  }
  return found.toSorted((one, other) => other.shared - one.shared).map(({ block }) => block);
}
