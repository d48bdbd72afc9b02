import { commitOpsMax } from "@ashlar/shared/limits";
import { plan } from "../planner/plan.ts";
import type { Plan } from "../planner/types.ts";
import { Committer } from "./committer.ts";
import type { Core } from "./core.ts";
import { DiskSteps } from "./disk-steps.ts";
import { DiskWatch } from "./disk-watch.ts";
import { Executor } from "./executor.ts";
import { failureOf } from "./failure.ts";
import { deletionQuestion } from "./guard.ts";
import { untilLanded } from "./landing.ts";
import { checkMarker, rootGoneQuestion } from "./marker.ts";
import { Patience } from "./patience.ts";
import { Reconciler } from "./reconciler.ts";
import { RemoteSync } from "./remote-sync.ts";
import { Standing } from "./standing.ts";
import { DatabaseFullError } from "../database.ts";
import { type Feed, type FeedEvents, UnreachableError } from "../ports.ts";
import { HaltError, type Outcome, type ReconcileDepth, type Status } from "./types.ts";
import { Watches } from "./watches.ts";

/** So that one commit takes what a plan reads, and the folders that it is in. */
const readsMax = 0.9 * commitOpsMax;
/** While a person is asked, or the root is gone, nobody may tell us of the answer: look now and then. */
const questionPauseMs = 5000;
/** How long `syncOnce` waits for an item that is tried again soon, and how often for the edge. */
const onceWaitMsMax = 2000;
const onceWaitsMax = 8;
const onceFailuresMax = 4;

type Turn = "worked" | "idle";

export class Loop {
  readonly #core: Core;
  readonly #remote: RemoteSync;
  readonly #watches = new Watches();
  readonly #disk: DiskWatch;
  readonly #committer: Committer;
  readonly #executor: Executor;
  readonly #reconciler: Reconciler;
  readonly #standing: Standing;
  readonly #patience: Patience;
  #isMarkerChecked = false;
  #plannedAtMs = 0;
  #openFeed: Feed | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#remote = new RemoteSync(core);
    this.#disk = new DiskWatch(core, this.#watches);
    this.#committer = new Committer(core, this.#remote);
    this.#executor = new Executor(core, new DiskSteps(core, this.#watches), this.#committer);
    this.#reconciler = new Reconciler(core, this.#disk, this.#remote);
    this.#standing = new Standing(core, this.#watches);
    this.#patience = new Patience(core, this.#standing, this.#remote);
  }

  async syncOnce(signal: AbortSignal): Promise<Outcome> {
    this.#lookAnew();
    this.#core.attempt(() => this.#core.transferNotes.clear());
    this.#standing.become("working");
    return untilLanded(this.#core, signal, async (landing) => {
      await this.#untilDone(landing);
      return this.#standing.outcome();
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#core.wake.call();
    signal.addEventListener("abort", onAbort);
    this.#standing.become("starting");
    await using watcher = this.#core.options.openWatcher(this.#disk.events);
    this.#watches.use(watcher);
    // The first look arms the watches.
    this.#lookAnew();
    this.#core.attempt(() => this.#core.transferNotes.clear());
    this.#core.attempt(() => this.#reconciler.schedule());
    try {
      await untilLanded(this.#core, signal, (landing) => this.#turns(landing));
    } finally {
      this.#watches.use(undefined);
      this.#openFeed = undefined;
      signal.removeEventListener("abort", onAbort);
      this.#standing.become("stopped");
    }
  }

  #lookAnew(): void {
    this.#remote.isBehind = true;
    this.#disk.everything();
    // A person who calls again may have made room meanwhile.
    this.#core.attempt(() => this.#core.trees.waiting.retryAll());
  }

  async #turns(signal: AbortSignal): Promise<void> {
    // Before the feed asks for the cursor: a device that knows nothing fetches the tree, not the journal.
    while (!signal.aborted) {
      const turn = await this.#turn(signal);
      if (this.#core.trees.meta.epoch !== null) break;
      await this.#waitAfter(turn, signal);
    }
    await using early = this.#core.transfer.fetchEarly?.(signal);
    this.#core.openEarly(early, (hashes) => this.#openFeed?.sending(hashes), signal);
    await using feed = this.#core.options.openFeed(this.#feedEvents());
    this.#openFeed = feed;
    while (!signal.aborted) await this.#waitAfter(await this.#turn(signal), signal);
  }

  refresh(): void {
    this.#openFeed?.refresh();
    this.#patience.hurry();
    this.#lookAnew();
    this.#core.wake.call();
  }

  reconcile(depth: ReconcileDepth): void {
    this.#patience.hurry();
    this.#reconciler.ask(depth);
  }

  status(): Status {
    return this.#standing.status();
  }

  async #untilDone(signal: AbortSignal): Promise<void> {
    let waits = 0;
    for (;;) {
      const turn = await this.#turn(signal);
      signal.throwIfAborted();
      if (this.#standing.question !== undefined) return;
      const { edgeFailure, stateFailure, flights, wake, options } = this.#core;
      if (stateFailure !== undefined) {
        if (this.#patience.failures >= onceFailuresMax) throw new DatabaseFullError(stateFailure.why);
        await this.#waitForSpace(stateFailure.why, signal);
      } else if (edgeFailure !== undefined) {
        if (this.#patience.failures >= onceFailuresMax) throw new UnreachableError(edgeFailure.why);
        await this.#patience.forEdge(edgeFailure, signal);
      } else if (turn === "idle") {
        const nextMs = this.#nextTryMs();
        const pauseMs = nextMs === undefined ? undefined : nextMs - this.#core.now;
        // What ended since the plan was made may have left something to do.
        if (flights.size > 0 || wake.isCalled) await wake.wait(options.clock, onceWaitMsMax, signal);
        else if (pauseMs === undefined || pauseMs > onceWaitMsMax || waits++ >= onceWaitsMax) return;
        else await wake.wait(options.clock, Math.max(1, pauseMs), signal);
      }
    }
  }

  async #waitAfter(turn: Turn, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { edgeFailure, stateFailure, wake, now, options } = this.#core;
    if (stateFailure !== undefined) return this.#waitForSpace(stateFailure.why, signal);
    if (edgeFailure !== undefined) return this.#patience.forEdge(edgeFailure, signal);
    if (turn === "worked") return;
    const dueMs = Math.min(this.#disk.dueMs, this.#reconciler.dueMs, this.#nextTryMs() ?? Infinity);
    const pauseMs = this.#standing.question === undefined ? dueMs - now : questionPauseMs;
    await wake.wait(options.clock, Math.max(1, pauseMs), signal);
  }

  /** Of what was due when it was last planned, what could not begin waits for something else than time. */
  #nextTryMs(): number | undefined {
    return this.#core.trees.waiting.nextTryMs(this.#plannedAtMs);
  }

  /** Looks, plans, acts. Failures of the edge are left in the core; what a person must act on is thrown. */
  async #turn(signal: AbortSignal): Promise<Turn> {
    // A transfer beside the rounds may have failed meanwhile.
    if (this.#core.isHeldUp) return "idle";
    try {
      this.#reconciler.begin();
      if (!(await this.#isRootThere())) return "idle";
      const found = await this.#disk.look(signal);
      await this.#hearEdge(signal);
      await this.#reconciler.end(signal);
      const acted = await this.#round(signal);
      this.#check();
      // What is under way may still fail as it did before.
      if (!this.#core.isHeldUp && this.#core.flights.size === 0) this.#patience.failures = 0;
      return found || acted || this.#remote.isBehind || this.#core.stale.size > 0 ? "worked" : "idle";
    } catch (error) {
      if (signal.aborted) return "idle";
      this.#core.take(failureOf(error));
      this.#check();
      return "idle";
    }
  }

  #check(): void {
    if (this.#core.bug !== undefined) throw this.#core.bug;
    if (this.#core.halt !== undefined) throw this.#core.halt;
    if (!this.#core.isRootGone) return;
    this.#core.isRootGone = false;
    this.#isMarkerChecked = false;
    this.#disk.everything();
    this.#standing.ask(rootGoneQuestion);
  }

  /** Before each look at the disk: an empty mount point must not be taken for deletions (I6). */
  async #isRootThere(): Promise<boolean> {
    if (this.#isMarkerChecked && this.#disk.dueMs > this.#core.now) return true;
    const { options, trees } = this.#core;
    const question = await checkMarker(options.disk, trees, { user: options.edge.user, allowMassDelete: options.allowMassDelete });
    this.#isMarkerChecked = question === undefined;
    if (question === undefined) return true;
    // When it is back, nobody has told what happened to it.
    this.#disk.everything();
    this.#standing.ask(question);
    return false;
  }

  async #hearEdge(signal: AbortSignal): Promise<void> {
    await this.#remote.makeSure(signal);
    // What was sent and never answered comes first: planning anew would send it twice.
    await this.#committer.resend(signal);
    if (!this.#core.isHeldUp) await this.#remote.catchUp(() => this.#executor.committed(), signal);
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#core.isHeldUp) return false;
    this.#core.recentDeletions.save();
    const next = this.#plan();
    this.#note(next);
    const question = deletionQuestion(this.#core, next);
    if (question !== undefined) {
      this.#standing.ask(question);
      return false;
    }
    this.#standing.question = undefined;
    if (next.actions.length === 0) {
      if (this.#core.flights.size === 0) this.#standing.rest((cursor) => this.#openFeed?.applied(cursor));
      return false;
    }
    this.#standing.become("working");
    await this.#executor.run(next, signal);
    this.#core.recentDeletions.save();
    return true;
  }

  #plan(): Plan {
    const { trees, options, busy, held, now } = this.#core;
    const { platform, edge } = options;
    this.#core.flush();
    const open = trees.intents.nodes();
    this.#plannedAtMs = now;
    return plan(trees, {
      dirty: trees.dirty.ids(now),
      busy: (id) => busy.has(id) || open.has(id) || trees.waiting.isPutOff(id, now),
      actionsMax: commitOpsMax,
      readsMax,
      readBytesMax: held.room(this.#executor.isCommitting),
      fold: trees.fold,
      keepsModes: platform.keepsModes,
      nameFault: (name) => platform.nameFault(name),
      deviceName: edge.deviceName,
      date: new Date(now).toISOString().slice(0, 10),
    });
  }

  #note({ clean, waits }: Plan): void {
    const { trees } = this.#core;
    trees.transaction(() => {
      for (const id of clean) {
        trees.dirty.clear(id);
        trees.waiting.removeNode(id);
      }
      for (const { node, reason, detail } of waits) this.#core.waitFor(node, reason, detail);
    }, "found-again");
  }

  /** What was done meanwhile and could not be noted is looked for afterwards. */
  async #waitForSpace(why: string, signal: AbortSignal): Promise<void> {
    await this.#patience.forSpace(why, signal);
    this.#remote.isBehind = true;
    this.#disk.everything();
  }

  #feedEvents(): FeedEvents {
    const { trees } = this.#core;
    return {
      cursor: () => ({ epoch: trees.meta.epoch, seq: trees.meta.cursor, op: trees.meta.cursorOp }),
      message: (message) => {
        if (this.#core.attempt(() => this.#remote.take(message))) return;
        this.#remote.isBehind = true;
        this.#core.wake.call();
      },
      state: (feed, why) => {
        this.#standing.hasFeed(feed, why);
        if (feed === "live") this.#patience.hurry();
        this.#core.wake.call();
      },
      ended: (why) => {
        this.#core.halt = new HaltError("signed-out", why);
        this.#patience.hurry();
        this.#core.wake.call();
      },
    };
  }
}
