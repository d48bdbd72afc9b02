import type { Seq } from "@ashlar/shared/ids";
import type { CommitResponse } from "@ashlar/shared/protocol/commit";

/**
 * Takes the answers of commits that are under way at the same time in the order of the journal, whichever of them the server did
 * first: as long as another may still bring the changes that are missing before one, it waits.
 */
export class AnswerOrder {
  readonly #cursor: () => Seq;
  #asked = 0;
  /** First changes of the answers that are here and not taken yet. */
  readonly #here = new Set<{ readonly seq: Seq }>();
  #news = Promise.withResolvers<void>();

  constructor(cursor: () => Seq) {
    this.#cursor = cursor;
  }

  /** Rejects as `ask` and `take` do. */
  async inOrder(ask: () => Promise<CommitResponse>, take: (answer: CommitResponse) => void): Promise<void> {
    const answer = await this.#ask(ask);
    const own = { seq: answer.changes[0]?.seq ?? 0 };
    this.#here.add(own);
    this.#hasAnswered();
    try {
      while (this.#mustWait(own.seq)) await this.#news.promise;
      take(answer);
    } finally {
      this.#here.delete(own);
      this.#tell();
    }
  }

  async #ask(ask: () => Promise<CommitResponse>): Promise<CommitResponse> {
    this.#asked++;
    try {
      return await ask();
    } catch (error) {
      this.#hasAnswered();
      throw error;
    }
  }

  #mustWait(seq: Seq): boolean {
    if (seq <= this.#cursor() + 1) return false;
    return this.#asked > 0 || [...this.#here].some((other) => other.seq < seq);
  }

  #hasAnswered(): void {
    this.#asked--;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }
}
