/** Keeps the local tree as the disk says: watch events say where to look, and when all is quiet there a scan looks. */
import { type NodeId, rootId } from "@ashlar/shared/ids";
import { settleMs } from "@ashlar/shared/limits";
import type { RelativePath, WatchEvents } from "../ports.ts";
import { ignoreFileName } from "../scan/ignore.ts";
import type { Observation, ScanResult } from "../scan/types.ts";
import { applyHindrances, applyObservations } from "../trees/observations.ts";
import type { WaitingRow } from "../trees/waiting-list.ts";
import type { Core } from "./core.ts";
import { fullScanMsMin, fullScanPauseMs } from "./full-scan.ts";
import type { Watches } from "./watches.ts";

/** Both ends of a move are told at once, but not before a scan that runs meanwhile may have seen one of them. */
const hearMs = 20;
/** While ever more happens, so often is looked again for what is gone. */
const looksMax = 3;
/** What cannot be read may be readable soon, what was moved to where nothing is synced may go on, and no watch tells of that. */
const blindMsMin = 5000;
const blindMsMax = 5 * 60 * 1000;

type Folders = "all" | ReadonlySet<RelativePath>;
/** `deep`: those of the folders below which everything is looked at. */
type Due = { readonly folders: Folders; readonly deep: ReadonlySet<RelativePath> };
/** `told`: how many observations are in the tree already. */
type Looked = ScanResult & { readonly told: number };
type Look = { readonly folders: Folders; readonly result: Looked };

export class DiskWatch {
  readonly #core: Core;
  readonly #watches: Watches;
  /** Folders that have moved, and when they are looked into. No watch tells of what is in them until then. */
  readonly #unseen = new Map<NodeId, number>();
  #nextFullMs = 0;
  /** When to look again at what could not be read, by path. */
  #again: ReadonlyMap<RelativePath, number> = new Map();

  constructor(core: Core, watches: Watches) {
    this.#core = core;
    this.#watches = watches;
  }

  readonly events: WatchEvents = {
    dirty: (path) => {
      this.#watches.unrest.tell(path, this.#core.now);
      this.#core.wake.call();
    },
    lost: () => {
      this.everything();
      this.#core.wake.call();
    },
  };

  /** The next look is at everything, at once. */
  everything(): void {
    this.#nextFullMs = 0;
  }

  /** When the next look is due, ms since 1970. */
  get dueMs(): number {
    let dueMs = Math.min(this.#core.stale.size > 0 ? 0 : this.#nextFullMs, this.#watches.unrest.settledMs);
    for (const againMs of this.#again.values()) dueMs = Math.min(dueMs, againMs);
    return Math.min(dueMs, ...this.#unseen.values());
  }

  /** Looks where it is time to. True if something was found. Rejects with DiskError `root-gone`. */
  async look(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#core.now;
    if (this.dueMs > nowMs) return false;
    // A step met something that no watch has told of yet: where it has gone cannot be known either.
    const isTold = this.#core.stale.size === 0;
    return this.#core.lock.alone(() => this.#scan(this.#takeDue(nowMs), isTold, signal));
  }

  #takeDue(nowMs: number): Due {
    const deep = this.#takeUnseen(nowMs);
    if (deep === "all" || this.#nextFullMs <= nowMs) return this.#takeAll(nowMs);
    const folders = new Set([...this.#core.stale, ...this.#watches.unrest.take(nowMs)]);
    this.#core.stale.clear();
    for (const [path, againMs] of this.#again) {
      if (againMs > nowMs) continue;
      // From above, in case something else stands there by now; and in it. A rule file is no folder.
      folders.add(folderOf(path));
      if (nameOf(path) !== ignoreFileName) folders.add(path);
    }
    return { folders: withAll(folders, deep), deep };
  }

  /** All of them when it is time for one: a file may have gone from one to another. Of one that is known no more, nobody can say where it is. */
  #takeUnseen(nowMs: number): Folders {
    if (Math.min(...this.#unseen.values()) > nowMs) return new Set();
    const paths = [...this.#unseen.keys()].map((id) => this.#core.trees.localPath(id));
    this.#unseen.clear();
    const known = paths.filter((path) => path !== undefined);
    return known.length < paths.length ? "all" : new Set(known);
  }

  #takeAll(nowMs: number): Due {
    this.#nextFullMs = nowMs + fullScanMsMin;
    this.#watches.unrest.takeAll();
    this.#unseen.clear();
    this.#core.stale.clear();
    return { folders: "all", deep: new Set() };
  }

  async #scan(due: Due, isTold: boolean, signal: AbortSignal): Promise<boolean> {
    const { trees } = this.#core;
    this.#core.flush();
    try {
      const nowMs = this.#core.now;
      const { folders, result } = await this.#lookFor(due, isTold, signal);
      const { observations, hindrances, foldersSeen, entriesSeen, unseen, told } = result;
      applyObservations(trees, observations, nowMs);
      const found = observations.length + told;
      if (folders === "all") this.#putOff(this.#core.now - nowMs, found);
      // What it is called and where it stands can be told at once; only then is it looked into.
      for (const id of unseen) this.#unseen.set(id, this.#core.now + settleMs);
      const before = trees.waiting.hindrances();
      for (const { path, reason, detail, nextTryMs } of applyHindrances(trees, hindrances, { folders, nowMs, retryMs: blindMs })) {
        this.#core.event({ type: "waiting", path, reason, detail, nextTryMs });
      }
      const after = trees.waiting.hindrances();
      // No watch told of what happened there meanwhile: it may have been deleted.
      if (after.some(isAway) && hasEnded(before, after)) this.everything();
      const again = after.flatMap(({ path, nextTryMs }) => (nextTryMs === null ? [] : [[path, nextTryMs] as const]));
      this.#again = new Map(again);
      if (folders === "all" || found > 0) this.#core.event({ type: "scan", foldersSeen, entriesSeen, found });
      return found > 0;
    } catch (error) {
      // What was to be looked at has not been.
      this.everything();
      throw error;
    }
  }

  /** Not if everything is to be looked at once more already. */
  #putOff(tookMs: number, found: number): void {
    const { unwatched } = this.#watches;
    if (this.#nextFullMs > 0) this.#nextFullMs = this.#core.now + fullScanPauseMs(tookMs, { unwatched, found });
  }

  /**
   * What is gone from one folder may have moved to another, which was not looked at yet, or before it got there. So a scan
   * that misses something is none until it has seen every folder of which was told meanwhile, settled or not. Nor is one that
   * could not read a folder for the first time: what is gone may be in there, and a disk that errs once rarely errs twice.
   */
  async #lookFor(due: Due, isTold: boolean, signal: AbortSignal): Promise<Look> {
    let { folders, deep } = due;
    for (let looks = 1; ; looks++) {
      const result = await this.#look({ folders, deep }, signal);
      if (looks === looksMax || !result.observations.some(({ type }) => type === "vanished")) return { folders, result };
      await this.#core.options.clock.sleep(hearMs, signal);
      const isSure = (looks > 1 || (isTold && folders !== "all")) && !this.#isBlinded(result);
      if (isSure && this.#watches.unrest.isOver) return { folders, result };
      // Rules that the first look took in are no news to the second, and only everything shows all that they change.
      if (!isSure || folders === "all" || this.#touchesRules(result.observations)) {
        ({ folders, deep } = this.#takeAll(this.#core.now));
      } else {
        folders = withAll(folders, this.#watches.unrest.takeAll());
      }
    }
  }

  #isBlinded({ hindrances }: ScanResult): boolean {
    const known = new Set(
      this.#core.trees.waiting
        .hindrances()
        .filter(isUnreadable)
        .map(({ path }) => path),
    );
    return hindrances.some((hindrance) => isUnreadable(hindrance) && !known.has(hindrance.path));
  }

  #touchesRules(observations: readonly Observation[]): boolean {
    const { local } = this.#core.trees;
    return observations.some((seen) => ("name" in seen && seen.name === ignoreFileName) || local.get(seen.id)?.name === ignoreFileName);
  }

  async #look({ folders, deep }: Due, signal: AbortSignal): Promise<Looked> {
    const { trees, options, newNodeId, now } = this.#core;
    let told = 0;
    const tell = (observations: readonly Observation[]) => {
      applyObservations(trees, observations, now);
      told += observations.length;
    };
    const result = await options.scan({
      disk: options.disk,
      view: trees.local.view(),
      rootId,
      folders,
      deep,
      takesOver: true,
      waiting: trees.waiting.hindrances().filter((row) => !isAway(row)),
      newId: newNodeId,
      onFolder: (path) => this.#watches.add(path),
      ...(folders === "all" && trees.isBlank && { tell }),
      signal,
    });
    return { ...result, told };
  }
}

const folderOf = (path: RelativePath): RelativePath => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: RelativePath): string => path.slice(path.lastIndexOf("/") + 1);
const isAway = ({ reason }: WaitingRow): boolean => reason === "moved-away";
const isUnreadable = ({ reason }: { readonly reason: string }): boolean => reason === "unreadable";

/** Whether something hinders no more. */
function hasEnded(before: readonly WaitingRow[], after: readonly WaitingRow[]): boolean {
  const paths = new Set(after.map(({ path }) => path));
  return before.some((row) => !isAway(row) && !paths.has(row.path));
}

const blindMs = (attempts: number): number => Math.min(blindMsMax, blindMsMin * 2 ** (attempts - 1));

function withAll(folders: ReadonlySet<RelativePath>, others: Iterable<RelativePath>): ReadonlySet<RelativePath> {
  const all = new Set(folders);
  for (const path of others) all.add(path);
  return all;
}
