/**
 * Runs tasks one after another, each to its end. A Durable Object alone does not: while one call awaits D1 or R2, the next begins.
 */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Tasks that wait or run. */
  get length(): number {
    return this.#length;
  }

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#length += 1;
    const result = this.#last.then(task).finally(() => (this.#length -= 1));
    // The caller gets the failure; the next task starts all the same.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
