import type { Clock } from "../../src/ports.ts";

type Sleeper = { readonly dueMs: number; readonly order: number; wake(): void };

/** Time that passes only when told to, so that a run can be repeated exactly. */
export class ManualClock {
  #nowMs: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** A device's clock may be wrong by `skewMs`. */
  clock(skewMs = 0): Clock {
    return { now: () => this.#nowMs + skewMs, sleep: (ms, signal) => this.sleep(ms, signal) };
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      // A clock shows whole milliseconds: databases refuse parts of one.
      const sleeper = { dueMs: this.#nowMs + Math.ceil(Math.max(0, ms)), order: this.#order++, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Lets everything run that can without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass until the promise is settled, and answers as it does. */
  async passUntil<Result>(promise: Promise<Result>, msMax: number): Promise<Result> {
    const progress = { isOver: false };
    const settled = promise.finally(() => {
      progress.isOver = true;
    });
    // Looked at below, and perhaps rejected before that.
    settled.catch(() => undefined);
    const untilMs = this.#nowMs + msMax;
    while (!progress.isOver) {
      if (this.#nowMs >= untilMs) throw new Error(`nothing came of it in ${msMax} ms`);
      await this.pass(100);
    }
    return settled;
  }

  /** Lets that much time pass, waking sleepers in the order they are due. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + Math.ceil(ms);
    for (;;) {
      await this.settle();
      let next: Sleeper | undefined;
      for (const sleeper of this.#sleepers) {
        if (next === undefined || sleeper.dueMs < next.dueMs || (sleeper.dueMs === next.dueMs && sleeper.order < next.order))
          next = sleeper;
      }
      if (next === undefined || next.dueMs > untilMs) break;
      this.#sleepers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
    }
    this.#nowMs = untilMs;
  }
}
