import type { Clock, RandomBytes } from "@ashlar/client/ports";

/** Stands still; a sleep passes at once, and is written down. */
export function hastyClock(startMs = 1_000_000): Clock & { readonly sleeps: number[] } {
  let nowMs = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => nowMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      sleeps.push(ms);
      nowMs += ms;
    },
  };
}

export type ManualClock = Clock & {
  /** Lets time pass and everything happen that is due, in order. */
  advance(ms: number): Promise<void>;
};

/** What waits for nothing but promises is through with it. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function manualClock(startMs = 1_000_000): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; wake: () => void }>();
  return {
    now: () => nowMs,
    sleep(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = { atMs: nowMs + ms, wake: resolve };
      timers.add(timer);
      const abort = () => {
        timers.delete(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted === true) abort();
      return promise;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        await settled();
        const due = [...timers].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.wake();
      }
      nowMs = untilMs;
    },
  };
}

/** Chance that always falls at this fraction, from 0 up to 1, of what is possible. */
export function chanceAt(fraction: number): RandomBytes {
  const word = Math.min(Math.floor((fraction - 0.5) * 2 ** 32), 0x7fffffff);
  return (count) => Uint8Array.from({ length: count }, (_, index) => (word >>> (24 - 8 * index)) & 0xff);
}
