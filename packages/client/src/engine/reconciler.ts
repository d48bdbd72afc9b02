/**
 * Compares everything with everything now and then, and mends what differs: the trees among themselves, the disk by a full
 * scan, the remote tree by its digests, and the blocks of this device's files. Daily by itself, and when a person asks.
 */
import { mendTrees } from "../trees/faults.ts";
import { auditBlocks } from "./block-audit.ts";
import type { Core } from "./core.ts";
import type { DiskWatch } from "./disk-watch.ts";
import type { RemoteSync } from "./remote-sync.ts";
import type { ReconcileDepth } from "./types.ts";

const dayMs = 24 * 60 * 60 * 1000;
/** Of a day, so that devices that began together do not ask together. */
const jitter = 0.1;
const lastKey = "reconciled";

export class Reconciler {
  readonly #core: Core;
  readonly #disk: DiskWatch;
  readonly #remote: RemoteSync;
  #asked: ReconcileDepth | undefined;
  /** Under way: what it found wrong in the trees. */
  #mended: number | undefined;
  #dueMs = Infinity;

  constructor(core: Core, disk: DiskWatch, remote: RemoteSync) {
    this.#core = core;
    this.#disk = disk;
    this.#remote = remote;
  }

  /** A person wants one now. */
  ask(depth: ReconcileDepth): void {
    this.#asked = this.#asked === "all" ? "all" : depth;
    this.#core.wake.call();
  }

  /** From here on it is done daily: a day after the last one, or after the first start. */
  schedule(): void {
    const { trees, now } = this.#core;
    const noted = Number(trees.meta.read(lastKey) ?? Number.NaN);
    // A clock that was set back may have left a time to come.
    const lastMs = noted <= now ? noted : now;
    if (lastMs !== noted) trees.meta.write(lastKey, String(lastMs));
    this.#planNext(lastMs);
  }

  get dueMs(): number {
    return this.#asked === undefined ? this.#dueMs : 0;
  }

  /** Before the turn's look at disk and edge: sees to it that both look at everything. */
  begin(): void {
    if (this.#mended !== undefined || this.dueMs > this.#core.now) return;
    this.#core.flush();
    this.#mended = mendTrees(this.#core.trees, this.#core.options.database);
    this.#disk.everything();
    this.#remote.compareAll();
  }

  /** After them. Rejects as the edge does, and is then gone on with at the next turn. */
  async end(signal: AbortSignal): Promise<void> {
    const { trees, now } = this.#core;
    if (this.#mended === undefined || this.#core.isHeldUp) return;
    const depth = this.#asked ?? "sample";
    const { checked, sent, missing } = await auditBlocks(this.#core, depth, signal);
    trees.meta.write(lastKey, String(now));
    this.#core.event({ type: "reconciled", mended: this.#mended, blocksChecked: checked, blocksSent: sent, blocksMissing: missing });
    this.#mended = undefined;
    if (this.#asked === depth) this.#asked = undefined;
    if (this.#dueMs !== Infinity) this.#planNext(now);
  }

  #planNext(lastMs: number): void {
    const [high = 0, low = 0] = this.#core.options.random(2);
    this.#dueMs = lastMs + dayMs * (1 + jitter * ((high * 256 + low) / 65_536));
  }
}
