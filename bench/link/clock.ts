import { performance } from "node:perf_hooks";

/** Time as the link sees it: handed in, so that a test can be its own. */
export type LinkClock = {
  now(): number;
  /** Calls back at that time or soon after; the answer takes it back. */
  at(timeMs: number, callback: () => void): () => void;
};

export const realClock: LinkClock = {
  now: () => performance.now(),
  at(timeMs, callback) {
    const timer = setTimeout(callback, Math.max(0, timeMs - performance.now()));
    return () => clearTimeout(timer);
  },
};
