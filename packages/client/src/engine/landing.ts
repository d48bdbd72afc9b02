import type { Core } from "./core.ts";

/**
 * Does the work, and waits for the steps under way before the caller goes on. If it fails for good (this device was signed out),
 * they are aborted, which leaves nothing half done: a transfer may take hours.
 */
export async function untilLanded<Result>(
  core: Core,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const failed = new AbortController();
  try {
    return await work(AbortSignal.any([signal, failed.signal]));
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    await Promise.all(core.flights);
    // What cannot be written now, the next scan finds out.
    core.attempt(() => core.flush());
  }
}
