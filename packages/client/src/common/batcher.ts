import { type Join, shareWork, untilAborted } from "./abort.ts";

/** Answers one question, together with whatever else is asked at about the same time. */
export type Ask<Key, Value> = (key: Key, signal: AbortSignal) => Promise<Value>;

export type BatcherOptions<Key, Value> = {
  readonly batchMax: number;
  /** Answers in the order of the keys. */
  readonly run: (keys: readonly Key[], signal: AbortSignal) => Promise<readonly Value[]>;
};

/**
 * Questions gather while a batch is under way and leave together when it is back. So the first goes out at once, and
 * the slower the network, the fuller the batches. No timer is needed.
 */
export function createBatcher<Key, Value>({ batchMax, run }: BatcherOptions<Key, Value>): Ask<Key, Value> {
  type Waiter = { readonly key: Key; readonly begun: PromiseWithResolvers<{ join: Join<readonly Value[]>; index: number }>; gone: boolean };
  let queue: Waiter[] = [];
  let running = false;

  async function pump(): Promise<void> {
    // What the caller asks before it waits belongs to the same batch.
    await Promise.resolve();
    while (queue.length > 0) {
      const waiting = queue.filter(({ gone }) => !gone);
      const batch = waiting.slice(0, batchMax);
      queue = waiting.slice(batchMax);
      if (batch.length > 0) await runBatch(batch);
    }
    running = false;
  }

  async function runBatch(batch: readonly Waiter[]): Promise<void> {
    const left = Promise.withResolvers<void>();
    const answers = (signal: AbortSignal) =>
      run(
        batch.map(({ key }) => key),
        signal,
      );
    const join = shareWork(async (signal) => {
      try {
        return await answers(signal);
      } finally {
        left.resolve();
      }
    }, left.resolve);
    batch.forEach(({ begun }, index) => begun.resolve({ join, index }));
    await left.promise;
  }

  return async (key, signal) => {
    signal.throwIfAborted();
    const waiter: Waiter = { key, begun: Promise.withResolvers(), gone: false };
    queue.push(waiter);
    if (!running) {
      running = true;
      void pump();
    }
    try {
      const { join, index } = await untilAborted(waiter.begun.promise, signal);
      const value = (await join(signal))[index];
      if (value === undefined) throw new RangeError("a batch was answered in part");
      return value;
    } catch (error) {
      waiter.gone = true;
      throw error;
    }
  };
}
