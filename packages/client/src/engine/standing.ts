/** How the engine stands: what it tells of itself, and writes down for other processes to read. */
import type { Seq } from "@ashlar/shared/ids";
import type { FeedState } from "../ports.ts";
import type { Core } from "./core.ts";
import { type Condition, readCondition, statusOf, writeCondition } from "./status.ts";
import type { EngineState, Outcome, Status } from "./types.ts";
import type { Watches } from "./watches.ts";

export class Standing {
  /** What a person is asked and nothing goes on without. */
  question: string | undefined;
  readonly #core: Core;
  readonly #watches: Watches;
  #condition: Condition;
  #isWritten = true;
  /** The cursor at which both sides were equal last. */
  #applied: Seq | undefined;

  constructor(core: Core, watches: Watches) {
    this.#core = core;
    this.#watches = watches;
    this.#condition = readCondition(core.trees);
  }

  status(): Status {
    return statusOf(this.#core.trees, this.#condition);
  }

  outcome(): Outcome {
    const { conflicts, waiting, state } = this.status();
    if (this.question !== undefined) return { state: "needs-person", conflicts, waiting, question: this.question };
    return { state: state === "equal" ? "equal" : "waiting", conflicts, waiting, question: undefined };
  }

  become(state: EngineState, lastSyncedAtMs = this.#condition.lastSyncedAtMs): void {
    const question = state === "needs-person" ? this.question : undefined;
    const { unwatched } = this.#watches;
    const before = this.#condition;
    const isSame =
      before.state === state && before.question === question && before.lastSyncedAtMs === lastSyncedAtMs && before.unwatched === unwatched;
    if (isSame && this.#isWritten) return;
    this.#note({ ...before, state, question, lastSyncedAtMs, unwatched });
  }

  ask(question: string): void {
    if (this.question !== question) this.#core.event({ type: "needs-person", question });
    this.question = question;
    this.become("needs-person");
  }

  hasFeed(feed: FeedState, why: string | undefined): void {
    this.#note({ ...this.#condition, feed });
    this.#core.event({ type: "feed", state: feed, why });
  }

  /** Nothing to do, or nothing that can be done now. `tell` is called once for each cursor at which both sides are equal. */
  rest(tell: (cursor: Seq) => void): void {
    const { trees, now } = this.#core;
    const isEqual = trees.dirty.count() === 0 && trees.waiting.all().length === 0;
    const wasEqual = this.#condition.state === "equal";
    this.become(isEqual ? "equal" : "waiting", isEqual && !wasEqual ? now : this.#condition.lastSyncedAtMs);
    if (!isEqual) return;
    if (!wasEqual) this.#core.event({ type: "equal", cursor: trees.meta.cursor });
    if (this.#applied !== trees.meta.cursor) tell(trees.meta.cursor);
    this.#applied = trees.meta.cursor;
  }

  #note(condition: Condition): void {
    this.#condition = condition;
    this.#isWritten = this.#core.attempt(() => writeCondition(this.#core.trees, condition));
  }
}
