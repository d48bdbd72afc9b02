/**
 * Keeps scans and changes of the disk apart: a scan that saw a file moved but the local tree not yet told of it would
 * report what this client did itself. Changes run beside each other, a scan alone.
 */
export class DiskLock {
  #tail: Promise<unknown> = Promise.resolve();
  #sharers = new Set<Promise<unknown>>();

  /** A change of the disk together with its entry in the trees. */
  async share<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = this.#tail.then(work);
    const settled = running.catch(() => undefined).finally(() => this.#sharers.delete(settled));
    this.#sharers.add(settled);
    return running;
  }

  /** A scan together with its entries in the trees. Changes asked for meanwhile wait. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const running = Promise.all([this.#tail, ...this.#sharers]).then(work);
    this.#tail = running.catch(() => undefined);
    return running;
  }
}
