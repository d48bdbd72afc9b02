/** Files deleted lately, on either side: deletions that come bit by bit count as the one that they are (I5). */
import type { Meta } from "../trees/meta.ts";

export type Deletions = { readonly remote: number; readonly local: number };

const key = "recent-deletions";
const none: Deletions = { remote: 0, local: 0 };
/** After this long without a deletion, the next one begins a count of its own. */
const quietMs = 10 * 60 * 1000;

export class RecentDeletions {
  readonly #meta: Meta;
  #count: Deletions & { readonly lastMs: number };
  #isSaved = true;

  constructor(meta: Meta) {
    this.#meta = meta;
    const text = meta.read(key);
    this.#count = text === undefined ? { ...none, lastMs: 0 } : (JSON.parse(text) as Deletions & { lastMs: number });
  }

  at(nowMs: number): Deletions {
    const { remote, local, lastMs } = this.#count;
    return nowMs - lastMs < quietMs ? { remote, local } : none;
  }

  add(side: keyof Deletions, nowMs: number): void {
    const before = this.at(nowMs);
    this.#count = { ...before, [side]: before[side] + 1, lastMs: nowMs };
    this.#isSaved = false;
  }

  /** While a person is asked, time does not answer in their stead. */
  hold(nowMs: number): void {
    this.#count = { ...this.at(nowMs), lastMs: nowMs };
  }

  /** A person has said that they are meant. */
  forget(): void {
    this.#count = { ...none, lastMs: 0 };
    this.#meta.write(key, undefined);
    this.#isSaved = true;
  }

  /** So that a restart does not begin to count anew. */
  save(): void {
    if (!this.#isSaved) this.#meta.write(key, JSON.stringify(this.#count));
    this.#isSaved = true;
  }
}
