/** A new version of a file on its way: its new blocks as deltas of the old ones, where that pays. */
import type { BlockHash } from "@ashlar/shared/ids";
import { commitDeltaBytesMax, commitDeltasMax, deltaFailuresMax, deltaInlineBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { PooledBuffer } from "../common/buffer-pool.ts";
import type { TaskGroup } from "../common/task-group.ts";
import type { DeltaFrame, RelativePath } from "../ports.ts";
import { type Gap, OldVersion } from "./bases.ts";
import type { BlockCache } from "./block-cache.ts";
import type { MakeDelta } from "./delta-maker.ts";
import type { SendBlock } from "./sender.ts";

/** A block that the old version does not have, and a copy of its bytes on loan. */
type NewBlock = { readonly block: BlockRef; readonly gap: Gap; readonly copy: PooledBuffer; readonly done: () => void };

export type EditingOptions = {
  readonly path: RelativePath;
  readonly makeDelta: MakeDelta;
  readonly send: SendBlock;
  readonly cache: BlockCache;
  readonly group: TaskGroup;
};

export class Editing implements Disposable {
  /** For the commit. */
  readonly deltas: DeltaFrame[] = [];
  readonly #old: OldVersion;
  readonly #options: EditingOptions;
  readonly #basesUsed = new Set<BlockHash>();
  #kept: NewBlock | undefined;
  #deltaBytes = 0;
  #failures = 0;

  constructor(old: readonly BlockRef[], options: EditingOptions) {
    this.#old = new OldVersion(old);
    this.#options = options;
  }

  /** Told of every block in order; answers where a new one stands. */
  pass(block: BlockRef): Gap | undefined {
    const place = this.#old.next(block);
    if (typeof place !== "number") {
      this.#settle(undefined);
      return place;
    }
    this.#settle(place);
    this.#failures = 0;
    return undefined;
  }

  /** Keeps the block passed last until the next one has been passed: what follows tells which bases it has. */
  keep(block: NewBlock): void {
    this.#kept = block;
  }

  end(): void {
    this.#settle(this.#old.end);
  }

  /** The old blocks that the new ones took over from. */
  async spend(stillThere: ReadonlySet<BlockHash>): Promise<void> {
    const spent = [...this.#basesUsed].filter((hash) => !stillThere.has(hash));
    if (spent.length > 0) await this.#options.cache.spend(spent);
  }

  [Symbol.dispose](): void {
    this.#kept?.copy[Symbol.dispose]();
    this.#kept = undefined;
  }

  #settle(until: number | undefined): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return;
    const { block, gap, copy, done } = kept;
    const bases = this.#old.basesOf(block.size, gap, until);
    const { group } = this.#options;
    group.start(async () => {
      using held = copy;
      await this.#deliver(block, held.bytes.subarray(0, block.size), bases, group.signal);
      done();
    });
  }

  async #deliver(block: BlockRef, bytes: Uint8Array, bases: readonly BlockRef[], signal: AbortSignal): Promise<void> {
    const { makeDelta, path, send, cache } = this.#options;
    const isSmall = block.size <= packBlockBytesMax;
    const isWanted = () => this.#failures < deltaFailuresMax;
    const frame = await makeDelta({ hash: block.hash, bytes }, { bases, path, isWanted }, signal);
    this.#failures = frame === undefined ? this.#failures + 1 : 0;
    if (frame !== undefined) for (const { hash } of bases) this.#basesUsed.add(hash);
    // The next edit's old bytes. Of a file that was rewritten only what costs nothing, or one of them would fill the cache.
    if (frame !== undefined || isSmall) await cache.put(block.hash, bytes);
    if (frame !== undefined && this.#goesWithCommit(frame)) this.deltas.push({ target: block.hash, frame });
    else if (!isSmall) await send(block, bytes, signal, frame);
  }

  #goesWithCommit(frame: Uint8Array): boolean {
    if (frame.length > deltaInlineBytesMax || this.deltas.length >= commitDeltasMax) return false;
    if (this.#deltaBytes + frame.length > commitDeltaBytesMax) return false;
    this.#deltaBytes += frame.length;
    return true;
  }
}
