/** Something that runs and can die as a whole: a request of a Worker with its device, a Durable Object, a run of the collector. */
import type { Scheduler } from "./scheduler.ts";

const neverSettles = new Promise<never>(() => {});

export class Process {
  readonly name: string;
  /** Its later steps never happen. */
  dead = false;
  /** Another instance has its storage: it goes on, but that storage refuses it. */
  replaced = false;
  /** Requests under way: the clock makes no long leaps meanwhile. */
  requests = 0;
  /** Whether it is one of the kind that can be replaced. */
  readonly replaceable: boolean;
  readonly #scheduler: Scheduler;
  readonly #callers = new Set<(error: Error) => void>();
  #random = 0;
  /** Everything it was answered so far: being deterministic, it is in the same state after the same answers. */
  history = "";

  constructor(scheduler: Scheduler, name: string, replaceable = false) {
    this.#scheduler = scheduler;
    this.name = name;
    this.replaceable = replaceable;
  }

  /** One call to a port: happens when the scheduler says. */
  step<Result>(label: string, effect: () => Result, { remote = false, sleepMs = 0 } = {}): Promise<Result> {
    if (this.dead) return neverSettles;
    return new Promise<Result>((resolve, reject) => {
      const wakeAt = this.#scheduler.now + sleepMs;
      this.#scheduler.enqueue({
        process: this,
        label,
        remote,
        sleepMs,
        wakeAt,
        effect,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
    });
  }

  sleep(ms: number): Promise<void> {
    return this.step(`sleeps ${ms} ms`, () => {}, { sleepMs: ms });
  }

  /** Work that is over soon, done or not. The scheduler chooses when it begins. */
  async request<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    await this.step(`begins ${label}`, () => (this.requests += 1));
    try {
      return await work();
    } finally {
      this.requests -= 1;
    }
  }

  /** Runs `work` for somebody else, who learns of it when this process dies. */
  serve<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#callers.add(reject);
      work()
        .then(resolve, reject)
        .finally(() => this.#callers.delete(reject))
        .catch(() => {});
    });
  }

  /** Those who wait for an answer are told that none comes. */
  abandonCallers(): void {
    for (const reject of this.#callers) reject(new Error("the object was reset"));
    this.#callers.clear();
  }

  /** Not random at all: the same process gets the same bytes in every schedule, and no two processes get the same. */
  readonly randomBytes = (count: number): Uint8Array => {
    const text = `${this.name}/${(this.#random += 1)}`.padEnd(count, ".");
    return new TextEncoder().encode(text.slice(-count));
  };
}
