/** Lives on threads of their own: each takes the next as soon as it is done with one. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Verdict } from "./simulation.ts";
import type { Storm } from "./world.ts";

export type Task = { readonly seed: number; readonly storm: Storm };

export type Thread = AsyncDisposable & { simulate(task: Task): Promise<Verdict> };

export function startThread(): Thread {
  const worker = new Worker(fileURLToPath(new URL("./thread.ts", import.meta.url).href));
  return {
    simulate: (task) =>
      new Promise((resolve, reject) => {
        const onError = (cause: unknown) => reject(new Error(`seed ${task.seed}: its thread failed`, { cause }));
        const onExit = (code: number) => reject(new Error(`seed ${task.seed}: its thread ended with ${code} before the verdict`));
        worker.once("message", (verdict: Verdict) => {
          worker.off("error", onError).off("exit", onExit);
          resolve(verdict);
        });
        worker.once("error", onError).once("exit", onExit);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(task);
      }),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

/** Hands each thread one task after the other until `next` has no more. */
export async function onThreads(count: number, next: () => Task | undefined, work: (task: Task, thread: Thread) => Promise<void>) {
  const one = async () => {
    await using thread = startThread();
    for (let task = next(); task !== undefined; task = next()) await work(task, thread);
  };
  await Promise.all(Array.from({ length: count }, one));
}
