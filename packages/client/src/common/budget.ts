import { untilAborted } from "./abort.ts";

/** A bounded amount of something: bytes in memory, requests in flight. First come, first served. */
export type Budget = {
  /**
   * Waits until so much is free and takes it; the answer gives it back, once. More than there is counts as all there is.
   * Rejects with the signal's reason.
   */
  take(amount: number, signal: AbortSignal): Promise<() => void>;
  /** Takes one for as long as the work lasts. */
  whileOne<Value>(work: () => Promise<Value>, signal: AbortSignal): Promise<Value>;
};

export function createBudget(total: number): Budget {
  let free = total;
  const queue: { amount: number; grant: () => void; gone: boolean }[] = [];

  function grantWaiting(): void {
    for (let next = queue[0]; next !== undefined && (next.gone || next.amount <= free); next = queue[0]) {
      queue.shift();
      if (next.gone) continue;
      free -= next.amount;
      next.grant();
    }
  }

  function giver(amount: number): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      free += amount;
      grantWaiting();
    };
  }

  const budget: Budget = {
    async take(wanted, signal) {
      signal.throwIfAborted();
      const amount = Math.min(wanted, total);
      const granted = Promise.withResolvers<() => void>();
      const waiter = { amount, grant: () => granted.resolve(giver(amount)), gone: false };
      queue.push(waiter);
      grantWaiting();
      try {
        return await untilAborted(granted.promise, signal);
      } catch (error) {
        if (queue.includes(waiter)) {
          waiter.gone = true;
          grantWaiting();
        } else {
          // Granted and aborted at once: nobody else would give it back.
          void granted.promise.then((give) => give());
        }
        throw error;
      }
    },
    async whileOne(work, signal) {
      const giveBack = await budget.take(1, signal);
      try {
        return await work();
      } finally {
        giveBack();
      }
    },
  };
  return budget;
}
