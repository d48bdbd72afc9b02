/** A thread that performs tasks, with a database of its own. */
import { parentPort } from "node:worker_threads";
import { Store } from "./database.ts";
import { perform, type Task } from "./task.ts";
import type { Answer } from "./pool.ts";

const store = new Store();

function answer(message: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node has no origin
  parentPort?.postMessage(message);
}

parentPort?.on("message", (task: Task) => {
  void perform(store, task).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: String(error instanceof Error ? error.stack : error) }),
  );
});
