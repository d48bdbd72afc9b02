/** Before tests that run a Worker as it is built: the collector's, whose Durable Objects live in the API Worker, and end to end. */
import { buildWorkers } from "../local/bundle.ts";
import { root } from "../local/root.ts";

export async function setup(): Promise<void> {
  await buildWorkers(root);
}
