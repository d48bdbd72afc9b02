import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 50;

/**
 * Asks until the answer is undefined, and fails with the last answer after the deadline. An answer says what is not so
 * yet: the message of the failure.
 */
export async function eventually(question: () => Promise<string | undefined> | string | undefined, deadlineMs = 45_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const notYet = await question();
    if (notYet === undefined) return;
    if (performance.now() > deadline) throw new Error(`still not so after ${deadlineMs} ms: ${notYet}`);
    await sleep(pollMs);
  }
}
