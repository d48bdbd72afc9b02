/** Keeps the local tree as the disk says: watch events say where to look, and when all is quiet there a scan looks. */
import { rootId } from "@ashlar/shared/ids";
import { settleMs, settleMsMax } from "@ashlar/shared/limits";
import type { RelativePath, WatchEvents } from "../ports.ts";
import { applyHindrances, applyObservations } from "../trees/observations.ts";
import type { Core } from "./core.ts";
import type { Watches } from "./watches.ts";

/** Whatever the watches say: they can be silent for reasons that they do not know themselves (FIELD section 0). */
const fullScanMs = 10 * 60 * 1000;

type Unrest = { readonly firstMs: number; readonly lastMs: number };

export class DiskWatch {
  readonly #core: Core;
  readonly #watches: Watches;
  readonly #unrest = new Map<RelativePath, Unrest>();
  #nextFullMs = 0;

  constructor(core: Core, watches: Watches) {
    this.#core = core;
    this.#watches = watches;
  }

  readonly events: WatchEvents = {
    dirty: (path) => {
      const nowMs = this.#core.now;
      this.#unrest.set(path, { firstMs: this.#unrest.get(path)?.firstMs ?? nowMs, lastMs: nowMs });
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
    let dueMs = this.#core.stale.size > 0 ? 0 : this.#nextFullMs;
    for (const unrest of this.#unrest.values()) dueMs = Math.min(dueMs, settledMs(unrest));
    return dueMs;
  }

  /** Looks where it is time to. True if something was found. Rejects with DiskError `root-gone`. */
  async look(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#core.now;
    if (this.dueMs > nowMs) return false;
    const folders = this.#takeDue(nowMs);
    return this.#core.lock.alone(() => this.#scan(folders, signal));
  }

  #takeDue(nowMs: number): "all" | ReadonlySet<RelativePath> {
    if (this.#nextFullMs <= nowMs) {
      this.#nextFullMs = nowMs + fullScanMs;
      this.#unrest.clear();
      this.#core.stale.clear();
      return "all";
    }
    const folders = new Set(this.#core.stale);
    this.#core.stale.clear();
    for (const [path, unrest] of this.#unrest) {
      if (settledMs(unrest) > nowMs) continue;
      folders.add(path);
      this.#unrest.delete(path);
    }
    return folders;
  }

  async #scan(folders: "all" | ReadonlySet<RelativePath>, signal: AbortSignal): Promise<boolean> {
    const { trees, options, newNodeId } = this.#core;
    const nowMs = this.#core.now;
    this.#core.flush();
    try {
      const { observations, hindrances, foldersSeen, entriesSeen } = await options.scan({
        disk: options.disk,
        view: trees.local.view(),
        rootId,
        folders,
        newId: newNodeId,
        onFolder: (path) => this.#watches.add(path),
        signal,
      });
      applyObservations(trees, observations, nowMs);
      for (const { path, reason, detail } of applyHindrances(trees, hindrances, folders, nowMs)) {
        this.#core.event({ type: "waiting", path, reason, detail, nextTryMs: null });
      }
      if (folders === "all" || observations.length > 0) {
        this.#core.event({ type: "scan", foldersSeen, entriesSeen, found: observations.length });
      }
      return observations.length > 0;
    } catch (error) {
      // What was to be looked at has not been.
      this.everything();
      throw error;
    }
  }
}

function settledMs({ firstMs, lastMs }: Unrest): number {
  return Math.min(lastMs + settleMs, firstMs + settleMsMax);
}
