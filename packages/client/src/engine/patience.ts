/** Waits for the edge, or for room in this client's own state, ever longer until one of them serves again. */
import { fullJitterMs } from "../edge/backoff.ts";
import type { Core } from "./core.ts";
import type { RemoteSync } from "./remote-sync.ts";
import type { Standing } from "./standing.ts";

export class Patience {
  /** In a row, with no step taken between. */
  failures = 0;
  readonly #core: Core;
  readonly #standing: Standing;
  readonly #remote: Pick<RemoteSync, "doubt">;
  #isHurried = false;

  constructor(core: Core, standing: Standing, remote: Pick<RemoteSync, "doubt">) {
    this.#core = core;
    this.#standing = standing;
    this.#remote = remote;
  }

  /** The edge is there again, or a person does not want to wait. */
  hurry(): void {
    this.#isHurried = true;
  }

  async forEdge({ why, retryAfterMs }: { why: string; retryAfterMs: number | undefined }, signal: AbortSignal): Promise<void> {
    const retryInMs = this.#next(retryAfterMs);
    this.#standing.become("offline");
    this.#core.event({ type: "offline", why, retryInMs });
    // What happens on the disk meanwhile is no reason to ask the edge earlier.
    await this.#sleep(retryInMs, signal);
    this.#core.edgeFailure = undefined;
    this.#remote.doubt();
  }

  /** This client's own state cannot be written. */
  async forSpace(why: string, signal: AbortSignal): Promise<void> {
    const retryInMs = this.#next();
    this.#core.early?.makeRoom();
    this.#standing.become("waiting");
    if (this.failures === 1) {
      this.#core.event({ type: "waiting", path: "", reason: "state-full", detail: why, nextTryMs: this.#core.now + retryInMs });
    }
    await this.#sleep(retryInMs, signal);
    this.#core.stateFailure = undefined;
  }

  #next(retryAfterMs?: number): number {
    this.failures = this.#core.hasGotOn ? 1 : this.failures + 1;
    this.#core.hasGotOn = false;
    return Math.max(1, retryAfterMs ?? fullJitterMs(this.failures, this.#core.options.random));
  }

  /** Through whatever happens, but for a {@link hurry}. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { options, wake } = this.#core;
    const untilMs = this.#core.now + ms;
    this.#isHurried = false;
    while (!signal.aborted && !this.#isHurried && this.#core.now < untilMs) {
      await wake.wait(options.clock, untilMs - this.#core.now, signal);
    }
  }
}
