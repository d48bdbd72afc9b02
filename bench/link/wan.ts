import type { LaneOptions } from "./lane.ts";

/** 100 Mbit/s each way. */
const bytesPerSecond = 100e6 / 8;

/** A home's line to a server on the same continent: 60 ms there and back. */
export const wan: { readonly up: LaneOptions; readonly down: LaneOptions } = {
  up: { bytesPerSecond, delayMs: 30 },
  down: { bytesPerSecond, delayMs: 30 },
};

export const loopback: typeof wan = {
  up: { bytesPerSecond: Number.POSITIVE_INFINITY, delayMs: 0 },
  down: { bytesPerSecond: Number.POSITIVE_INFINITY, delayMs: 0 },
};
