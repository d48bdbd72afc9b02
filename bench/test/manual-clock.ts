import type { LinkClock } from "../link/clock.ts";

/** Time that stands still until it is told to go on. */
export class ManualClock implements LinkClock {
  #nowMs = 0;
  readonly #waiting = new Set<{ readonly timeMs: number; readonly callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  at(timeMs: number, callback: () => void): () => void {
    const entry = { timeMs, callback };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  /** How many callbacks wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  goTo(timeMs: number): void {
    for (;;) {
      const due = [...this.#waiting].filter((entry) => entry.timeMs <= timeMs).toSorted((a, b) => a.timeMs - b.timeMs);
      const [first] = due;
      if (first === undefined) break;
      this.#waiting.delete(first);
      this.#nowMs = Math.max(this.#nowMs, first.timeMs);
      first.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
  }
}
