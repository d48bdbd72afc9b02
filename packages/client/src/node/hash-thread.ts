/** The program of the thread that `openHasher` starts. It answers each order with the hash, in their order. */
import { parentPort } from "node:worker_threads";
import { hashBlock } from "./hash.ts";
import type { HashOrder } from "./hasher.ts";

const memories: Uint8Array[] = [];

parentPort?.on("message", ({ memory, shared, start, end }: HashOrder) => {
  if (shared !== undefined) memories[memory] = new Uint8Array(shared);
  const bytes = memories[memory];
  if (bytes === undefined) throw new RangeError("an order for memory that was never shown");
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of this process, no window
  parentPort?.postMessage(hashBlock(bytes.subarray(start, end)));
});
