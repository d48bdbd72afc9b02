/** Takes the steps of a plan: what does not depend on each other at the same time, within bounds. */
import type { NodeId } from "@ashlar/shared/ids";
import { isInDatabase } from "../planner/plan.ts";
import type { Action, Plan, PlannedOp } from "../planner/types.ts";
import type { LocalNode } from "../scan/types.ts";
import * as effects from "../trees/effects.ts";
import type { Committer } from "./committer.ts";
import type { Core } from "./core.ts";
import type { DiskSteps } from "./disk-steps.ts";
import { Slots } from "./slots.ts";

const transfersMax = 16;
const diskStepsMax = 8;
/** A transfer above this is not waited for: small changes go on meanwhile. */
const longBytesMin = 8 * 1024 * 1024;
/** While one is worked on at the edge, the next is on its way there, and of a third the answer comes back. */
const commitsMax = 3;
/** So many downloads of a plan may be left when the next is made: it asks for its content while these are written to the disk. */
const downloadsAheadMax = 700;

type Task = { readonly isLong: boolean; readonly done: Promise<boolean> };

export class Executor {
  readonly #core: Core;
  readonly #disk: DiskSteps;
  readonly #committer: Committer;
  readonly #transfers = new Slots(transfersMax);
  readonly #longTransfers = new Slots(transfersMax / 4);
  readonly #diskSteps = new Slots(diskStepsMax);
  readonly #commits = new Set<Promise<unknown>>();
  /** Short ones, the oldest first. */
  readonly #downloads = new Set<Promise<unknown>>();

  constructor(core: Core, disk: DiskSteps, committer: Committer) {
    this.#core = core;
    this.#disk = disk;
    this.#committer = committer;
  }

  get isCommitting(): boolean {
    return this.#commits.size > 0;
  }

  /** Resolves when no commit is under way. */
  async committed(): Promise<void> {
    await Promise.all(this.#commits);
  }

  /**
   * Resolves when all is done but what nothing waits for: long transfers, and of a plan for new content its commit and the last of
   * its downloads. Those go on as flights. Failures wait with their items.
   */
  async run({ actions }: Plan, signal: AbortSignal): Promise<void> {
    this.#core.trees.transaction(() => actions.forEach((action) => this.#inDatabase(action)));
    const prefetched = this.#prefetch(actions, signal);
    const committed = this.#commit(actions, signal);
    const tasks = new Map<number, Task>();
    const needed = new Set(actions.flatMap(({ needs }) => needs));
    const isLast = (action: Action, index: number) => action.do === "remove-local" && !needed.has(index);
    for (const [index, action] of actions.entries()) {
      if (isInDatabase(action) || isLast(action, index)) continue;
      if (action.do === "commit") tasks.set(index, { isLong: false, done: committed });
      else tasks.set(index, this.#start(action, tasks, prefetched, signal));
    }
    // Deletions that nothing waits for come after the downloads, which may copy from what is to be deleted: also those of earlier plans.
    const before = [...this.#downloads, ...[...tasks.values()].map(({ done }) => done)];
    for (const [index, action] of actions.entries()) {
      if (isLast(action, index)) tasks.set(index, this.#start(action, tasks, Promise.allSettled(before), signal));
    }
    const isFree = isForNewContent(actions);
    const awaited = [...tasks].filter(([index, { isLong, done }]) => {
      if (done === committed) return !isFree;
      if (isLong || !isFree || actions[index]?.do !== "download") return !isLong;
      this.#fly(done, this.#downloads);
      return false;
    });
    await Promise.all(awaited.map(([, { done }]) => done));
    for (const oldest of this.#downloads) {
      if (this.#downloads.size <= downloadsAheadMax) break;
      await oldest;
    }
    while (this.#commits.size >= commitsMax) await Promise.race(this.#commits);
    this.#core.flush();
  }

  #start(action: Action, tasks: ReadonlyMap<number, Task>, first: Promise<unknown>, signal: AbortSignal): Task {
    const needs = action.needs.flatMap((need) => tasks.get(need) ?? []);
    const planned = this.#core.trees.local.get(action.node);
    const isLong =
      this.#isLong(action) ||
      needs.some((task) => task.isLong) ||
      (action.do === "remove-local" && (this.#downloads.size > 0 || [...tasks.values()].some((task) => task.isLong)));
    const done = this.#whileBusy([action.node], async () => {
      const held = await Promise.all(needs.map((task) => task.done));
      if (action.do === "download" || action.do === "remove-local") await first;
      if (signal.aborted || held.includes(false)) return false;
      return this.#slots(action).run(() => this.#attempt(action, planned, signal));
    });
    if (isLong) this.#fly(done);
    return { isLong, done };
  }

  /**
   * Goes on beside the rounds; the loop hears of its end, of a crowd's when the last has ended or one has failed for a reason of its
   * own: its next try does not wait for the others. That they all fail is one outage. A bug in it ends the engine.
   */
  #fly(done: Promise<unknown>, crowd?: Set<Promise<unknown>>): void {
    const { flights, wake } = this.#core;
    const land = async () => {
      let result: unknown = false;
      try {
        result = await done;
      } catch (error) {
        this.#core.bug ??= error;
      }
      flights.delete(flight);
      crowd?.delete(flight);
      if (crowd === undefined || crowd.size === 0 || (result === false && !this.#core.isHeldUp)) wake.call();
    };
    const flight = land();
    flights.add(flight);
    crowd?.add(flight);
  }

  #isLong(action: Action): boolean {
    const { local, remote } = this.#core.trees;
    if (action.do === "read") return (local.get(action.node)?.stat.size ?? 0) >= longBytesMin;
    return action.do === "download" && (remote.get(action.node)?.size ?? 0) >= longBytesMin;
  }

  #slots(action: Action): Slots {
    if (this.#isLong(action)) return this.#longTransfers;
    return action.do === "read" || action.do === "download" || action.do === "fetch-manifest" ? this.#transfers : this.#diskSteps;
  }

  async #attempt(action: Action, planned: LocalNode | undefined, signal: AbortSignal): Promise<boolean> {
    // Hundreds may wait for their turn: none of them asks in vain once more, and all are planned again.
    if (signal.aborted || (asksTheEdge.has(action.do) && this.#core.edgeFailure !== undefined)) return false;
    try {
      await this.#take(action, planned, signal);
      this.#core.trees.waiting.removeNode(action.node);
      this.#core.hasGotOn = true;
      return true;
    } catch (error) {
      if (!signal.aborted) this.#core.fail(action.node, error);
      return false;
    }
  }

  async #whileBusy<Result>(nodes: readonly NodeId[], work: () => Promise<Result>): Promise<Result> {
    for (const node of nodes) this.#core.busy.enter(node);
    try {
      return await work();
    } finally {
      for (const node of nodes) this.#core.busy.leave(node);
    }
  }

  #commit(actions: readonly Action[], signal: AbortSignal): Promise<boolean> {
    const ops = actions.flatMap((action): PlannedOp[] => (action.do === "commit" ? [action.op] : []));
    if (ops.length === 0) return Promise.resolve(true);
    const done = this.#whileBusy(
      ops.map(({ node }) => node),
      async () => {
        try {
          await this.#committer.commit(ops, signal);
          return true;
        } catch (error) {
          // What was written down is sent again; what was not is planned again.
          this.#core.attempt(() => {
            throw error;
          });
          return false;
        }
      },
    );
    const ended = done.finally(() => this.#commits.delete(ended));
    this.#commits.add(ended);
    this.#fly(ended);
    return done;
  }

  async #prefetch(actions: readonly Action[], signal: AbortSignal): Promise<void> {
    const { trees, transfer } = this.#core;
    const manifests = actions.flatMap((action) => (action.do === "download" ? (trees.remote.get(action.node)?.manifest ?? []) : []));
    // What came with the push needs no request, and one file alone asks for itself.
    if (manifests.length < 2 || transfer.prefetch === undefined) return;
    try {
      await transfer.prefetch(manifests, signal);
    } catch {
      // It is a hint: whatever is the matter, the downloads meet it and say so for their items.
    }
  }

  #inDatabase(action: Action): void {
    const { trees, held, newNodeId } = this.#core;
    if (action.do === "agree") {
      trees.synced.put(action.synced);
    } else if (action.do === "forget") {
      effects.forget(trees, action.node, action.below);
    } else if (action.do === "adopt") {
      effects.adopt(trees, action.node, action.as);
      held.move(action.node, action.as);
    } else if (action.do === "revive") {
      const newId = (instead: NodeId) => {
        const id = newNodeId();
        held.move(instead, id);
        return id;
      };
      effects.revive(trees, action.node, { below: action.below, newId });
    }
  }

  /** `planned`: the local node that the plan was made for; a step may wait long for its turn. */
  async #take(action: Action, planned: LocalNode | undefined, signal: AbortSignal): Promise<void> {
    switch (action.do) {
      case "read":
        return this.#disk.read(action, signal);
      case "make-folder":
        return this.#disk.makeFolder(action);
      case "download":
        return this.#disk.download(action, planned, signal);
      case "move-local":
        return this.#disk.move(action);
      case "set-aside":
        return this.#disk.setAside(action);
      case "keep-copy":
        return this.#disk.keepCopy(action);
      case "set-mode":
        return this.#disk.setMode(action);
      case "remove-local":
        return this.#disk.remove(action, planned);
      case "fetch-manifest":
        return this.#fetchManifest(action.node, signal);
      case "agree":
      case "forget":
      case "adopt":
      case "revive":
      case "commit":
        throw new Error(`${action.do} is no step of its own`);
    }
  }

  async #fetchManifest(node: NodeId, signal: AbortSignal): Promise<void> {
    const { trees, options } = this.#core;
    const remote = trees.remote.get(node);
    if (remote === undefined) return;
    const manifest = await options.edge.manifest(node, remote.version, signal);
    trees.transaction(() => effects.manifestFetched(trees, node, remote.version, manifest));
  }
}

/**
 * Whether more may be planned before this is done. What is new needs no more than its folder; what is moved or removed changes what the
 * next plan may do.
 */
function isForNewContent(actions: readonly Action[]): boolean {
  return actions.every((action) =>
    action.do === "commit" ? action.op.op !== "move" && action.op.op !== "delete" : !changesPlaces.has(action.do),
  );
}

const asksTheEdge: ReadonlySet<Action["do"]> = new Set(["download", "fetch-manifest"]);
const changesPlaces: ReadonlySet<Action["do"]> = new Set(["move-local", "set-aside", "keep-copy", "remove-local"]);
