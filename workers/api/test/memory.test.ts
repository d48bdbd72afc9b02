/** Requests that wait for one another in one isolate. The platform ends whom it takes to wait for nothing of his own. */
import { blockBytesMax, packBlockBytesMax, rebuildBytesMax, rebuildsWaitingMax } from "@ashlar/shared/limits";
import { createExecutionContext } from "cloudflare:test";
import { expect, test } from "vitest";
import { withMemory } from "../src/delta/rebuild.ts";
import { heldBlock, nonceFor, proofOf, prove } from "./holders.ts";
import { expectProblem, newBlock, newDevice, put, send } from "./support.ts";

/** Keeps all of the isolate's memory until it is told to end. */
function keepAll() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = withMemory(createExecutionContext(), { owner: "nobody", bytes: rebuildBytesMax }, () => promise);
  return { end: resolve, done };
}

test("Y7 requests that wait for the memory of others are answered in their turn, and one more than may wait is told to try again", async () => {
  const as = await newDevice();
  const block = newBlock(packBlockBytesMax + 1);
  await put(as, block);
  const all = keepAll();
  const asked = Array.from({ length: rebuildsWaitingMax + 1 }, () => send("GET", `/v1/blocks/${block.hash}/signature`, { as }));
  const refused = await Promise.race(asked);
  expect(refused.headers.get("retry-after")).toBe("1");
  await expectProblem(refused, "try-again");
  all.end();
  await all.done;
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.toSorted((one, other) => one - other)).toEqual([...Array.from({ length: rebuildsWaitingMax }, () => 200), 503]);
});

test("Y7 proofs of many devices at once, far more than fit into the memory side by side, are all accepted", async () => {
  const block = await heldBlock();
  const devices = await Promise.all(Array.from({ length: (3 * rebuildBytesMax) / (2 * blockBytesMax) }, () => newDevice()));
  const nonces = await Promise.all(devices.map((as) => nonceFor(as, block)));
  const proven = await Promise.all(devices.map((as, at) => prove(as, block, nonces[at] ?? "", proofOf(nonces[at] ?? "", block.bytes))));
  expect(proven.map(({ status }) => status)).toEqual(devices.map(() => 204));
});
