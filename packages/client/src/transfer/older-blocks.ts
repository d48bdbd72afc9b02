import { deltaFailuresMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest } from "@ashlar/shared/manifest";
import { type Gap, OldVersion } from "./bases.ts";

/** What a file held before its download, for deltas that nobody has sent: a device that was away has not the bases of those. */
export class OlderBlocks {
  readonly #bases: ReadonlyMap<string, readonly BlockRef[]>;
  #failures = 0;

  constructor(before: string | undefined, blocks: readonly BlockRef[]) {
    this.#bases = before === undefined ? new Map() : likelyBases(before, blocks);
  }

  /** The old blocks that a new one is likely made of; none once so many blocks in a row were made of others. */
  of({ hash }: BlockRef): readonly BlockRef[] {
    return this.#failures < deltaFailuresMax ? (this.#bases.get(hash) ?? []) : [];
  }

  /** Of a file that was rewritten no block pays, and each would cost the server the work to find out. */
  tried(pays: boolean): void {
    this.#failures = pays ? 0 : this.#failures + 1;
  }
}

function likelyBases(before: string, blocks: readonly BlockRef[]): Map<string, readonly BlockRef[]> {
  const bases = new Map<string, readonly BlockRef[]>();
  const old = new OldVersion(blocksOf(before));
  let last: { readonly block: BlockRef; readonly gap: Gap } | undefined;
  // What follows tells which blocks it took over from.
  const settle = (until: number | undefined) => {
    if (last !== undefined) bases.set(last.block.hash, old.basesOf(last.block.size, last.gap, until));
    last = undefined;
  };
  for (const block of blocks) {
    const place = old.next(block);
    settle(typeof place === "number" ? place : undefined);
    if (typeof place !== "number") last = { block, gap: place };
  }
  settle(old.end);
  return bases;
}

/** An old manifest that cannot be read costs nothing but the saving. */
function blocksOf(manifest: string): BlockRef[] {
  try {
    return decodeManifest(manifest);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
