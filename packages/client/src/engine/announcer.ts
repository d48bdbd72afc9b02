import type { BlockHash } from "@ashlar/shared/ids";
import { sendingHashesMax, sendingMs } from "@ashlar/shared/limits";
import type { Clock } from "../ports.ts";

/** Tells of large blocks as the edge gets them, so that other devices can fetch them before the commit. Hints, sent and forgotten. */
export class Announcer {
  readonly #clock: Clock;
  #open: { readonly tell: (hashes: readonly BlockHash[]) => void; readonly signal: AbortSignal } | undefined;
  #hashes: BlockHash[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on, until the signal aborts. Before that, and where there is nobody to tell, nothing is kept. */
  open(tell: (hashes: readonly BlockHash[]) => void, signal: AbortSignal): void {
    this.#open = { tell, signal };
  }

  sent(hash: BlockHash): void {
    if (this.#open === undefined || this.#open.signal.aborted) return;
    this.#hashes.push(hash);
    if (this.#hashes.length >= sendingHashesMax) this.#tell();
    else if (this.#hashes.length === 1) void this.#tellSoon(this.#open.signal);
  }

  /** A commit was answered, and others are told of its blocks: most likely of these. */
  forget(): void {
    this.#hashes = [];
  }

  async #tellSoon(signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(sendingMs, signal);
    } catch {
      // The engine ends.
      return this.forget();
    }
    this.#tell();
  }

  #tell(): void {
    const hashes = this.#hashes;
    this.#hashes = [];
    if (hashes.length > 0) this.#open?.tell(hashes);
  }
}
