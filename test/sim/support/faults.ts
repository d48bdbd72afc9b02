/** What goes wrong inside the edge, and who dies of it. */
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import type { Random } from "../../../packages/client/test/support/random.ts";

/** Chances for each call of a Worker or an object to its storage. */
export type EdgeFaults = {
  /** The caller dies with it; whether it happens is open. */
  crash: number;
  /** It fails and nothing happened. */
  fail: number;
  /** It happened, and its answer is lost. */
  lostAnswer: number;
  /** The caller is told that it failed, and it happens up to a minute later. */
  late: number;
  latencyMs: number;
};

export const noFaults: EdgeFaults = { crash: 0, fail: 0, lostAnswer: 0, late: 0, latencyMs: 0 };

/** A Worker's request or an object's instance: after its end nothing of it reaches storage any more. */
export class EdgeLife {
  isOver = false;
  readonly ended = Promise.withResolvers<never>();

  constructor() {
    this.ended.promise.catch(() => undefined);
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.ended.reject(new Error("the process behind this is gone"));
  }
}

const lateMsMax = 60_000;
const never = (): Promise<never> => new Promise(() => undefined);

export class FaultySteps {
  readonly faults: EdgeFaults = { ...noFaults };
  readonly #clock: ManualClock;
  readonly #random: Random;
  /** How many of each kind there were. */
  readonly counts = { steps: 0, crash: 0, fail: 0, lostAnswer: 0, late: 0 };

  constructor(clock: ManualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Takes the step for this life, or lets it go wrong. */
  async take<Result>(life: EdgeLife, step: () => Promise<Result>): Promise<Result> {
    if (life.isOver) return never();
    this.counts.steps++;
    const { crash, fail, lostAnswer, late, latencyMs } = this.faults;
    if (latencyMs > 0) await this.#clock.sleep(this.#random.below(latencyMs));
    if (life.isOver) return never();
    if (this.#random.chance(crash)) {
      this.counts.crash++;
      const isDone = this.#random.chance(0.5);
      life.end();
      if (isDone) await step().catch(() => undefined);
      return never();
    }
    if (this.#random.chance(fail)) {
      this.counts.fail++;
      throw new Error("D1_ERROR: Network connection lost.");
    }
    if (this.#random.chance(late)) {
      this.counts.late++;
      void this.#clock.sleep(this.#random.below(lateMsMax)).then(() => step().catch(() => undefined));
      throw new Error("D1_ERROR: The operation timed out.");
    }
    const result = await step();
    if (life.isOver) return never();
    if (this.#random.chance(lostAnswer)) {
      this.counts.lostAnswer++;
      throw new Error("D1_ERROR: Network connection lost.");
    }
    return result;
  }
}
