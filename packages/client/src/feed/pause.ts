import type { Clock } from "../ports.ts";

/** A sleep that can be cut short: its time may come early. */
export type Pause = {
  /** Returns early when woken or stopped. A {@link wake} while nobody sleeps is for the next sleep. */
  sleep(ms: number): Promise<void>;
  wake(): void;
};

export function createPause(clock: Clock, stop: AbortSignal): Pause {
  let waking = new AbortController();
  return {
    async sleep(ms) {
      const signal = AbortSignal.any([stop, waking.signal]);
      try {
        await clock.sleep(ms, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (waking.signal.aborted) waking = new AbortController();
    },
    wake: () => waking.abort(),
  };
}
