import { setTimeout as sleep } from "node:timers/promises";

const pollMsMin = 2;

/** Asks again and again, no more than a tenth of the time. Resolves with the seconds since `startedMs`; rejects when the signal aborts. */
export async function secondsUntil(startedMs: number, isSo: () => Promise<boolean> | boolean, signal: AbortSignal): Promise<number> {
  for (;;) {
    const askedMs = performance.now();
    if (await isSo()) return (performance.now() - startedMs) / 1000;
    await sleep(Math.max(pollMsMin, (performance.now() - askedMs) * 10), undefined, { signal });
  }
}
