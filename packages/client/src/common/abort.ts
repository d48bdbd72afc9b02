/** The promise's outcome, or a rejection with the signal's reason as soon as it aborts; the work behind it goes on for others. */
export async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise;
  // Whoever waits is told by the abort; a later failure of the work must not count as unhandled.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Joins some work under way. Rejects as the work does, or with the signal's reason. */
export type Join<Value> = (signal: AbortSignal) => Promise<Value>;

/** Begins work that several may wait for. When the last of them has left before its end it is given up, and `abandoned` told. */
export function shareWork<Value>(work: (signal: AbortSignal) => Promise<Value>, abandoned: () => void): Join<Value> {
  const giveUp = new AbortController();
  let settled = false;
  let waiting = 0;
  const outcome = work(giveUp.signal).finally(() => {
    settled = true;
  });
  outcome.catch(() => undefined);
  return async (signal) => {
    waiting++;
    try {
      return await untilAborted(outcome, signal);
    } finally {
      waiting--;
      if (waiting === 0 && !settled) {
        abandoned();
        giveUp.abort();
      }
    }
  };
}
