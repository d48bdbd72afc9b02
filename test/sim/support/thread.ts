/** What one thread does: a life for each message. */
import { parentPort } from "node:worker_threads";
import { simulate } from "./simulation.ts";
import type { Task } from "./threads.ts";

parentPort?.on("message", (task: Task) => void answer(task));

async function answer({ seed, storm }: Task): Promise<void> {
  const verdict = await simulate(seed, storm);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(verdict);
}
