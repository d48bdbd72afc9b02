/** The least that a transfer over a link can take: what the benchmarks are set against. */
import type { LaneOptions } from "./lane.ts";

export type Transfer = {
  readonly upBytes: number;
  readonly downBytes: number;
  /** Answers that have to be waited for, one after the other, a connection's set-up among them. */
  readonly roundTrips: number;
};

/** In seconds. The directions are full at the same time. */
export function limitSeconds({ upBytes, downBytes, roundTrips }: Transfer, { up, down }: { up: LaneOptions; down: LaneOptions }): number {
  const rates = Math.max(upBytes / up.bytesPerSecond, downBytes / down.bytesPerSecond);
  return rates + (roundTrips * (up.delayMs + down.delayMs)) / 1000;
}
