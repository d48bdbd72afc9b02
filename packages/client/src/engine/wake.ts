import type { Clock } from "../ports.ts";

/** Lets the loop sleep until something happens, without polling. A call before the sleep is not lost. */
export class Wake {
  #isCalled = false;
  #resolve: (() => void) | undefined;

  /** Called since the last sleep. */
  get isCalled(): boolean {
    return this.#isCalled;
  }

  call(): void {
    this.#isCalled = true;
    this.#resolve?.();
  }

  /** Until called, until `ms` have passed, or until the signal aborts. Never rejects. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const called = new Promise<void>((resolve) => {
      this.#resolve = resolve;
      if (this.#isCalled || signal.aborted) resolve();
    });
    const either = AbortSignal.any([signal, stop.signal]);
    await Promise.race([called, clock.sleep(ms, either).catch(() => undefined)]);
    stop.abort();
    this.#resolve = undefined;
    this.#isCalled = false;
  }
}
