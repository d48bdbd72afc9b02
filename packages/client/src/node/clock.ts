import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../ports.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node rejects with an AbortError of its own that only carries the reason.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
