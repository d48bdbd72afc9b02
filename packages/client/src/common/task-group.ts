/** Tasks that run at the same time and fail together: the first failure aborts the rest. Disposing waits until none runs. */
export type TaskGroup = AsyncDisposable & {
  /** Aborts with the outer signal, with the first failure as its reason, and on disposal. */
  readonly signal: AbortSignal;
  start(task: () => Promise<void>): void;
  /** Resolves when all tasks have; rejects with the first failure, or the outer signal's reason. */
  finished(): Promise<void>;
};

const over = new Error("The group of tasks is over.");

export function createTaskGroup(outer: AbortSignal): TaskGroup {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const running = new Set<Promise<void>>();

  async function run(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      stop.abort(error);
    }
  }

  return {
    signal,
    start(task) {
      const promise = run(task).finally(() => running.delete(promise));
      running.add(promise);
    },
    async finished() {
      await Promise.all(running);
      signal.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      // Without a reason one is made each time, with a stack: for a small file that is a good part of the work.
      stop.abort(over);
      await Promise.all(running);
    },
  };
}
