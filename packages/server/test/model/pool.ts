/** The search over all processors. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Task, TaskResult } from "./task.ts";

/** What a thread says of a task. */
export type Answer = { readonly result: TaskResult } | { readonly error: string };

/** Performs the tasks in their order, as many at once as there are processors. `stop` is asked after each: what is left is left out. */
export async function performAll(tasks: readonly Task[], stop: (result: TaskResult) => boolean = () => false): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  let next = 0;
  let isOver = false;
  const runOne = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.ts", import.meta.url));
    try {
      for (let task = tasks[next++]; task !== undefined && !isOver; task = tasks[next++]) {
        const result = await ask(worker, task);
        results.push(result);
        isOver ||= stop(result);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, runOne));
  return results;
}

function ask(worker: Worker, task: Task): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      worker.off("message", answered).off("error", failed);
      settle();
    };
    const answered = (answer: Answer) =>
      finish(() => ("result" in answer ? resolve(answer.result) : reject(new Error(`${task.scenario}: ${answer.error}`))));
    const failed = (error: Error) => finish(() => reject(error));
    worker.on("message", answered).on("error", failed);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
    worker.postMessage(task);
  });
}
