import type { Seq } from "@ashlar/shared/ids";
import { plan } from "../planner/plan.ts";
import type { Plan } from "../planner/types.ts";
import { Committer } from "./committer.ts";
import type { Core } from "./core.ts";
import { DiskSteps } from "./disk-steps.ts";
import { DiskWatch } from "./disk-watch.ts";
import { Executor } from "./executor.ts";
import { failureOf } from "./failure.ts";
import { massDeleteQuestion } from "./guard.ts";
import { checkMarker, rootGoneQuestion } from "./marker.ts";
import { fullJitterMs } from "../edge/backoff.ts";
import { Reconciler } from "./reconciler.ts";
import { RemoteSync } from "./remote-sync.ts";
import { type Condition, readCondition, statusOf, writeCondition } from "./status.ts";
import { DatabaseFullError } from "../database.ts";
import { type Feed, type FeedEvents, UnreachableError } from "../ports.ts";
import { HaltError, type EngineState, type Outcome, type ReconcileDepth, type Status } from "./types.ts";
import { Watches } from "./watches.ts";

const actionsMax = 1000;
/** Of small files read before the commit that carries them: as much as one commit takes. */
const readBytesMax = 16 * 1024 * 1024;
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
  #condition: Condition;
  #isConditionWritten = true;
  #question: string | undefined;
  #failures = 0;
  /** The edge is there again, or a person does not want to wait. */
  #isHurried = false;
  #isMarkerChecked = false;
  #plannedAtMs = 0;
  #openFeed: Feed | undefined;
  /** The cursor at which both sides were equal last. */
  #applied: Seq | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#remote = new RemoteSync(core);
    this.#disk = new DiskWatch(core, this.#watches);
    this.#committer = new Committer(core, this.#remote);
    this.#executor = new Executor(core, new DiskSteps(core, this.#watches), this.#committer);
    this.#reconciler = new Reconciler(core, this.#disk, this.#remote);
    this.#condition = readCondition(core.trees);
  }

  async syncOnce(signal: AbortSignal): Promise<Outcome> {
    this.#remote.isBehind = true;
    this.#disk.everything();
    // A person who calls again may have made room meanwhile.
    this.#core.attempt(() => this.#core.trees.waiting.retryAll());
    this.#become("working");
    try {
      await this.#untilDone(signal);
      return this.#outcome();
    } finally {
      await this.#land();
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { wake } = this.#core;
    const onAbort = () => wake.call();
    signal.addEventListener("abort", onAbort);
    this.#become("starting");
    await using watcher = this.#core.options.openWatcher(this.#disk.events);
    this.#watches.use(watcher);
    // The first look arms the watches.
    this.#disk.everything();
    this.#remote.isBehind = true;
    this.#core.attempt(() => this.#core.trees.waiting.retryAll());
    this.#core.attempt(() => this.#reconciler.schedule());
    try {
      // Before the feed asks for the cursor: a device that knows nothing fetches the tree, not the journal.
      while (!signal.aborted) {
        const turn = await this.#turn(signal);
        if (this.#core.trees.meta.epoch !== null) break;
        await this.#waitAfter(turn, signal);
      }
      await using feed = this.#core.options.openFeed(this.#feedEvents());
      this.#openFeed = feed;
      while (!signal.aborted) await this.#waitAfter(await this.#turn(signal), signal);
    } finally {
      await this.#land();
      this.#watches.use(undefined);
      this.#openFeed = undefined;
      signal.removeEventListener("abort", onAbort);
      this.#become("stopped");
    }
  }

  refresh(): void {
    this.#openFeed?.refresh();
    this.#isHurried = true;
    this.#core.attempt(() => this.#core.trees.waiting.retryAll());
    this.#remote.isBehind = true;
    this.#disk.everything();
    this.#core.wake.call();
  }

  reconcile(depth: ReconcileDepth): void {
    this.#isHurried = true;
    this.#reconciler.ask(depth);
  }

  status(): Status {
    return statusOf(this.#core.trees, this.#condition);
  }

  /** Steps under way end before the caller goes on: an aborted transfer leaves nothing half done. */
  async #land(): Promise<void> {
    await Promise.all(this.#core.flights);
    // What cannot be written now, the next scan finds out.
    this.#core.attempt(() => this.#core.flush());
  }

  async #untilDone(signal: AbortSignal): Promise<void> {
    let waits = 0;
    for (;;) {
      const turn = await this.#turn(signal);
      signal.throwIfAborted();
      if (this.#question !== undefined) return;
      const { edgeFailure, stateFailure } = this.#core;
      if (stateFailure !== undefined) {
        if (this.#failures >= onceFailuresMax) throw new DatabaseFullError(stateFailure.why);
        await this.#waitForSpace(stateFailure.why, signal);
      } else if (edgeFailure !== undefined) {
        if (this.#failures >= onceFailuresMax) throw new UnreachableError(edgeFailure.why);
        await this.#pause(edgeFailure, signal);
      } else if (turn === "idle") {
        const nextMs = this.#nextTryMs();
        const pauseMs = nextMs === undefined ? undefined : nextMs - this.#core.now;
        if (this.#core.flights.size > 0) await this.#core.wake.wait(this.#core.options.clock, onceWaitMsMax, signal);
        else if (pauseMs === undefined || pauseMs > onceWaitMsMax || waits++ >= onceWaitsMax) return;
        else await this.#core.wake.wait(this.#core.options.clock, Math.max(1, pauseMs), signal);
      }
    }
  }

  async #waitAfter(turn: Turn, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { edgeFailure, stateFailure, wake, now, options } = this.#core;
    if (stateFailure !== undefined) return this.#waitForSpace(stateFailure.why, signal);
    if (edgeFailure !== undefined) return this.#pause(edgeFailure, signal);
    if (turn === "worked") return;
    const dueMs = Math.min(this.#disk.dueMs, this.#reconciler.dueMs, this.#nextTryMs() ?? Infinity);
    const pauseMs = this.#question === undefined ? dueMs - now : questionPauseMs;
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
      if (!this.#core.isHeldUp) this.#failures = 0;
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
    this.#ask(rootGoneQuestion);
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
    this.#ask(question);
    return false;
  }

  async #hearEdge(signal: AbortSignal): Promise<void> {
    // What was sent and never answered comes first: planning anew would send it twice.
    if (this.#core.trees.intents.nodes().size > 0) await this.#committer.resend(signal);
    if (!this.#core.isHeldUp) await this.#remote.catchUp(signal);
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#core.isHeldUp) return false;
    const next = this.#plan();
    this.#note(next);
    const question = this.#questionOf(next);
    if (question !== undefined) {
      this.#ask(question);
      return false;
    }
    this.#question = undefined;
    if (next.actions.length === 0) {
      if (this.#core.flights.size === 0) this.#rest();
      return false;
    }
    this.#become("working");
    await this.#executor.run(next, signal);
    this.#core.recentDeletions.save();
    return true;
  }

  #plan(): Plan {
    const { trees, options, busy, now } = this.#core;
    const { platform, edge } = options;
    this.#core.flush();
    const open = trees.intents.nodes();
    this.#plannedAtMs = now;
    return plan(trees, {
      dirty: trees.dirty.ids(now),
      busy: (id) => busy.has(id) || open.has(id) || trees.waiting.isPutOff(id, now),
      actionsMax,
      readBytesMax,
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
    });
  }

  #questionOf({ actions }: Plan): string | undefined {
    const { trees, options } = this.#core;
    const deletes = actions.some((action) => action.do === "remove-local" || (action.do === "commit" && action.op.op === "delete"));
    if (!deletes || options.allowMassDelete) return undefined;
    const { recentDeletions, now } = this.#core;
    const question = massDeleteQuestion(trees.countPendingDeletes(), recentDeletions.at(now), trees.synced.countFiles());
    if (question !== undefined) recentDeletions.hold(now);
    return question;
  }

  #ask(question: string): void {
    if (this.#question !== question) this.#core.event({ type: "needs-person", question });
    this.#question = question;
    this.#become("needs-person");
  }

  /** Nothing to do, or nothing that can be done now. */
  #rest(): void {
    const { trees, now } = this.#core;
    const isEqual = trees.dirty.count() === 0 && trees.waiting.all().length === 0;
    const wasEqual = this.#condition.state === "equal";
    this.#become(isEqual ? "equal" : "waiting", isEqual && !wasEqual ? now : this.#condition.lastSyncedAtMs);
    if (!isEqual) return;
    if (!wasEqual) this.#core.event({ type: "equal", cursor: trees.meta.cursor });
    if (this.#applied !== trees.meta.cursor) this.#openFeed?.applied(trees.meta.cursor);
    this.#applied = trees.meta.cursor;
  }

  async #pause({ why, retryAfterMs }: { why: string; retryAfterMs: number | undefined }, signal: AbortSignal): Promise<void> {
    this.#failures++;
    const { options } = this.#core;
    const retryInMs = Math.max(1, retryAfterMs ?? fullJitterMs(this.#failures, options.random));
    this.#become("offline");
    this.#core.event({ type: "offline", why, retryInMs });
    // What happens on the disk meanwhile is no reason to ask the edge earlier.
    await this.#sleep(retryInMs, signal);
    this.#core.edgeFailure = undefined;
  }

  /** This client's own state cannot be written. What was done meanwhile and could not be noted is looked for afterwards. */
  async #waitForSpace(why: string, signal: AbortSignal): Promise<void> {
    this.#failures++;
    const { options } = this.#core;
    const retryInMs = Math.max(1, fullJitterMs(this.#failures, options.random));
    this.#become("waiting");
    if (this.#failures === 1) {
      this.#core.event({ type: "waiting", path: "", reason: "state-full", detail: why, nextTryMs: this.#core.now + retryInMs });
    }
    await this.#sleep(retryInMs, signal);
    this.#core.stateFailure = undefined;
    this.#remote.isBehind = true;
    this.#disk.everything();
  }

  /** Through whatever happens, but for a person or the edge that is there again. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { options, wake } = this.#core;
    const untilMs = this.#core.now + ms;
    this.#isHurried = false;
    while (!signal.aborted && !this.#isHurried && this.#core.now < untilMs) {
      await wake.wait(options.clock, untilMs - this.#core.now, signal);
    }
  }

  #feedEvents(): FeedEvents {
    const { trees } = this.#core;
    return {
      cursor: () => ({ epoch: trees.meta.epoch, seq: trees.meta.cursor }),
      message: (message) => {
        if (this.#core.attempt(() => this.#remote.take(message))) return;
        this.#remote.isBehind = true;
        this.#core.wake.call();
      },
      state: (feed, why) => {
        this.#noteCondition({ ...this.#condition, feed });
        this.#core.event({ type: "feed", state: feed, why });
        if (feed === "live") this.#isHurried = true;
        this.#core.wake.call();
      },
      ended: (why) => {
        this.#core.halt = new HaltError("signed-out", why);
        this.#isHurried = true;
        this.#core.wake.call();
      },
    };
  }

  #outcome(): Outcome {
    const { conflicts, waiting, state } = this.status();
    if (this.#question !== undefined) return { state: "needs-person", conflicts, waiting, question: this.#question };
    return { state: state === "equal" ? "equal" : "waiting", conflicts, waiting, question: undefined };
  }

  #become(state: EngineState, lastSyncedAtMs = this.#condition.lastSyncedAtMs): void {
    const question = state === "needs-person" ? this.#question : undefined;
    const { unwatched } = this.#watches;
    const before = this.#condition;
    const isSame =
      before.state === state && before.question === question && before.lastSyncedAtMs === lastSyncedAtMs && before.unwatched === unwatched;
    if (isSame && this.#isConditionWritten) return;
    this.#noteCondition({ ...before, state, question, lastSyncedAtMs, unwatched });
  }

  #noteCondition(condition: Condition): void {
    this.#condition = condition;
    this.#isConditionWritten = this.#core.attempt(() => writeCondition(this.#core.trees, condition));
  }
}
