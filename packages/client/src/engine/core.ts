/** What the parts of one engine share. */
import { type BlockHash, type NodeId, type OpId, newId } from "@ashlar/shared/ids";
import type { EarlyFetching, Received, RelativePath, Transfer } from "../ports.ts";
import { Trees } from "../trees/trees.ts";
import { Announcer } from "./announcer.ts";
import { BusyNodes } from "./busy-nodes.ts";
import { DiskLock } from "./disk-lock.ts";
import { type Failure, failureOf } from "./failure.ts";
import { HeldBlocks } from "./held-blocks.ts";
import { type Deletions, RecentDeletions } from "./recent-deletions.ts";
import { ReceivedBytes } from "./received-blocks.ts";
import { TransferNotes } from "./transfer-notes.ts";
import { HaltError, type EngineEvent, type EngineOptions } from "./types.ts";
import type { WaitCode } from "./wait-codes.ts";
import { Wake } from "./wake.ts";

export class Core {
  readonly options: EngineOptions;
  readonly trees: Trees;
  readonly transfer: Transfer;
  readonly transferNotes: TransferNotes;
  readonly announcer: Announcer;
  readonly recentDeletions: RecentDeletions;
  readonly lock = new DiskLock();
  readonly wake = new Wake();
  /** Small blocks and deltas made from this disk, until the commit that carries them. */
  readonly held = new HeldBlocks();
  /** Small blocks that came with pushed changes, and deltas by the block that they make. */
  readonly receivedBlocks = new ReceivedBytes();
  readonly receivedDeltas = new ReceivedBytes();
  /** Nodes with a step under way. */
  readonly busy = new BusyNodes();
  /** Steps under way that the loop does not wait for. */
  readonly flights = new Set<Promise<unknown>>();
  /** Folders to look at again, because a step met something else than the trees say. */
  readonly stale = new Set<RelativePath>();
  /** Why the edge could not be used, until the loop has waited for it. */
  edgeFailure: (Failure & { scope: "edge" }) | undefined;
  /** Why this client's own state cannot be written, likewise. */
  stateFailure: (Failure & { scope: "state" }) | undefined;
  /** A step was taken since the last wait for the edge or for the state. */
  hasGotOn = false;
  halt: HaltError | undefined;
  /** An error that nobody expected, from a step that nobody waits for. */
  bug: unknown;
  /** For what a feed tells of it; undefined where there is none. */
  early: EarlyFetching | undefined;
  isRootGone = false;
  readonly #writes: (() => void)[] = [];

  constructor(options: EngineOptions) {
    this.options = options;
    this.trees = new Trees(options.database, { caseSensitive: options.platform.caseSensitive, now: () => this.now });
    this.transferNotes = new TransferNotes({ meta: this.trees.meta, now: () => this.now, attempt: (write) => this.attempt(write) });
    this.recentDeletions = new RecentDeletions(this.trees.meta);
    if (options.allowMassDelete) this.recentDeletions.forget();
    this.announcer = new Announcer(options.clock);
    this.transfer = options.createTransfer(this.trees.blockKnowledge(), (hash) => this.announcer.sent(hash));
  }

  /**
   * Writes to the trees together with others, since each transaction takes its time. For what a scan would find out again
   * (a file read, placed or removed), and what no other step looks up.
   */
  later(write: () => void): void {
    this.#writes.push(write);
    if (this.#writes.length >= writesMax) this.flush();
  }

  /** Before anything is planned or scanned. */
  flush(): void {
    const writes = this.#writes.splice(0);
    if (writes.length === 0) return;
    try {
      this.trees.transaction(() => writes.forEach((write) => write()), "found-again");
    } catch (error) {
      this.#writes.unshift(...writes);
      throw error;
    }
  }

  /** While a feed is open: what is sent from here is told, and what others send is fetched before its commit. */
  openEarly(early: EarlyFetching | undefined, tell: (hashes: readonly BlockHash[]) => void, signal: AbortSignal): void {
    this.early = early;
    this.announcer.open(tell, signal);
  }

  /** Nothing can go on now, for a reason that is no single item's. */
  get isHeldUp(): boolean {
    return this.edgeFailure !== undefined || this.stateFailure !== undefined;
  }

  /** Writes where nobody could take an error: that the state cannot be written is noted for the loop. */
  attempt(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.scope !== "state") throw error;
      this.take(failure);
      return false;
    }
  }

  get now(): number {
    return this.options.clock.now();
  }

  event(event: EngineEvent): void {
    this.options.onEvent(event);
  }

  newNodeId = (): NodeId => newId<NodeId>(this.options.random);
  newOpId = (): OpId => newId<OpId>(this.options.random);

  get received(): Received {
    return { blocks: this.receivedBlocks.byHash, deltas: this.receivedDeltas.byHash };
  }

  /** A file was deleted on that side. What a person allowed needs no count. */
  countDeletion(side: keyof Deletions): void {
    if (!this.options.allowMassDelete) this.recentDeletions.add(side, this.now);
  }

  /** A step for this node failed: it waits with a reason, or the whole engine does. Rethrows what is a bug. */
  fail(id: NodeId, error: unknown): void {
    this.attempt(() => this.take(failureOf(error), id));
  }

  take(failure: Failure, id?: NodeId): void {
    switch (failure.scope) {
      case "edge":
        this.edgeFailure = failure;
        return;
      case "state":
        this.stateFailure = failure;
        return;
      case "account":
        this.halt = new HaltError("signed-out", failure.why);
        return;
      case "root":
        this.isRootGone = true;
        return;
      case "item": {
        if (id === undefined) {
          // Of the folder itself: its marker could not be read or written. Without it nothing may be touched.
          this.stateFailure = { scope: "state", why: `Ashlar's own folder .ashlar in the synced folder: ${failure.detail}` };
          return;
        }
        const path = this.trees.shownPath(id);
        if (failure.isStale) this.stale.add(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
        // What keeps the folder is in it.
        if (failure.reason === "not-empty") this.stale.add(path);
        this.delay(id, failure.reason, failure.detail);
      }
    }
  }

  /** Tried again by itself, later each time. */
  delay(id: NodeId, reason: WaitCode, detail: string): void {
    const before = this.trees.waiting.ofNode(id);
    const attempts = (before?.attempts ?? 0) + 1;
    this.#putWaiting(id, { reason, detail, attempts, nextTryMs: this.now + retryMs(attempts) });
  }

  /** Tried again whenever the loop comes by: it costs nothing. */
  waitFor(id: NodeId, reason: WaitCode, detail: string): void {
    this.#putWaiting(id, { reason, detail, attempts: 0, nextTryMs: null });
  }

  #putWaiting(id: NodeId, row: { reason: WaitCode; detail: string; attempts: number; nextTryMs: number | null }): void {
    const path = this.trees.shownPath(id);
    const before = this.trees.waiting.ofNode(id);
    this.trees.waiting.putNode(id, { ...row, path, sinceMs: before?.sinceMs ?? this.now });
    if (before?.reason === row.reason && before.path === path) return;
    this.event({ type: "waiting", path, reason: row.reason, detail: row.detail, nextTryMs: row.nextTryMs });
  }
}

const writesMax = 256;
const retryMsMin = 200;
const retryMsMax = 5 * 60 * 1000;

function retryMs(attempts: number): number {
  return Math.min(retryMsMax, retryMsMin * 2 ** Math.min(attempts - 1, 16));
}
