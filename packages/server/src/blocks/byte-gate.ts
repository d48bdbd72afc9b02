import { ProblemError } from "@ashlar/shared/protocol/problem";

/** Seconds that a caller waits who found the queue full. */
const retryAfterS = 1;

/** Lets tasks run side by side as long as their bytes fit, in the order they came. */
export class ByteGate {
  readonly #bytesMax: number;
  readonly #waitingMax: number;
  readonly #queue: { readonly bytes: number; readonly enter: () => void }[] = [];
  #used = 0;

  /** A task of more than `bytesMax` runs alone. */
  constructor({ bytesMax, waitingMax }: { bytesMax: number; waitingMax: number }) {
    this.#bytesMax = bytesMax;
    this.#waitingMax = waitingMax;
  }

  /** Throws a ProblemError `try-again` if too many tasks wait already. */
  async run<Result>(bytes: number, task: () => Promise<Result>): Promise<Result> {
    const share = Math.min(bytes, this.#bytesMax);
    if (this.#queue.length > 0 || !this.#fits(share)) {
      if (this.#queue.length >= this.#waitingMax) throw new ProblemError("try-again", undefined, { retryAfterS });
      await new Promise<void>((enter) => this.#queue.push({ bytes: share, enter }));
    } else {
      this.#used += share;
    }
    try {
      return await task();
    } finally {
      this.#used -= share;
      this.#admit();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.#bytesMax;
  }

  /** The first in the queue holds its bytes from here on, so that no newcomer takes them before it wakes. */
  #admit(): void {
    for (let [next] = this.#queue; next !== undefined && this.#fits(next.bytes); [next] = this.#queue) {
      this.#queue.shift();
      this.#used += next.bytes;
      next.enter();
    }
  }
}
