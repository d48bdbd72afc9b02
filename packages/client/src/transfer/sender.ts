import type { BlockHash } from "@ashlar/shared/ids";
import { checkHashesMax, transfersInFlightMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockState } from "@ashlar/shared/protocol/block";
import { untilAborted } from "../common/abort.ts";
import { createBatcher } from "../common/batcher.ts";
import { createBudget } from "../common/budget.ts";
import type { BlockKnowledge, Edge } from "../ports.ts";
import { createProver } from "./prover.ts";

/**
 * Resolves when this user may name the block in a commit: it was there, or these bytes are now. The bytes must not
 * change until then. What was sent before an interruption is found by asking; there is no other state to lose.
 */
export type SendBlock = (block: BlockRef, bytes: Uint8Array, signal: AbortSignal) => Promise<void>;

export function createSender(edge: Pick<Edge, "check" | "prove" | "putBlock">, knowledge: BlockKnowledge): SendBlock {
  const check = createBatcher<BlockRef, BlockState>({ batchMax: checkHashesMax, run: (blocks, signal) => edge.check(blocks, signal) });
  const isProven = createProver(edge, check);
  const slots = createBudget(transfersInFlightMax);
  /** Resolves when a block's sending has ended, well or not. */
  const inFlight = new Map<BlockHash, Promise<void>>();

  async function deliver(block: BlockRef, state: BlockState, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const giveBack = await slots.take(1, signal);
    try {
      if (!(await isProven(block, state, bytes, signal))) await edge.putBlock(block.hash, bytes, signal);
    } finally {
      giveBack();
    }
  }

  return async (block, bytes, signal) => {
    const { hash } = block;
    for (let other = inFlight.get(hash); other !== undefined; other = inFlight.get(hash)) {
      await untilAborted(other, signal);
      if (knowledge.serverHas(hash)) return;
    }
    const ended = Promise.withResolvers<void>();
    inFlight.set(hash, ended.promise);
    try {
      const state = await check(block, signal);
      if (state !== "have") await deliver(block, state, bytes, signal);
      knowledge.rememberServerHas([hash]);
    } finally {
      inFlight.delete(hash);
      ended.resolve();
    }
  };
}
