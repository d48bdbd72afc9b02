/** One direction of a link, as arithmetic: all connections share its rate, in the order in which they hand bytes in. */
export type LaneOptions = {
  /** Infinity: bytes take no time to go in. */
  readonly bytesPerSecond: number;
  /** From the last byte going in to its coming out. */
  readonly delayMs: number;
};

export class Lane {
  readonly #options: LaneOptions;
  #freeAtMs = 0;
  #bytes = 0;

  constructor(options: LaneOptions) {
    if (!(options.bytesPerSecond > 0) || !(options.delayMs >= 0)) throw new RangeError("a link has a rate, and no delay below zero");
    this.#options = options;
  }

  /** All that was handed in. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Answers when bytes that are handed in now have come out. */
  send(nowMs: number, bytes: number): number {
    const { bytesPerSecond, delayMs } = this.#options;
    this.#bytes += bytes;
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes / bytesPerSecond) * 1000;
    return this.#freeAtMs + delayMs;
  }

  /** For how long the lane is busy with what it was handed. */
  backlogMs(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs);
  }
}
