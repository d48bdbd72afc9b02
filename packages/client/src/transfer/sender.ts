import type { BlockHash } from "@ashlar/shared/ids";
import { checkHashesMax, sendingBytesMax, transfersInFlightMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockState } from "@ashlar/shared/protocol/block";
import { untilAborted } from "../common/abort.ts";
import { createBatcher } from "../common/batcher.ts";
import { createBudget } from "../common/budget.ts";
import { isDeltaRefusal } from "../edge/refusals.ts";
import type { BlockBody } from "../ports.ts";
import type { TransferOptions } from "./options.ts";
import { compressionPays } from "./pays.ts";
import { createProver } from "./prover.ts";

/**
 * Resolves when this user may name the block in a commit: it was there, or these bytes are now. The bytes must not
 * change until then. What was sent before an interruption is found by asking; there is no other state to lose.
 * With a delta, that is sent first, and the block itself only if the server refuses it.
 */
export type SendBlock = (block: BlockRef, bytes: Uint8Array, signal: AbortSignal, delta?: Uint8Array) => Promise<void>;

export function createSender({
  edge,
  knowledge,
  compression,
  onSent,
}: Pick<TransferOptions, "edge" | "knowledge" | "compression" | "onSent">): SendBlock {
  const check = createBatcher<BlockRef, BlockState>({ batchMax: checkHashesMax, run: (blocks, signal) => edge.check(blocks, signal) });
  const isProven = createProver(edge, check);
  const slots = createBudget(transfersInFlightMax);
  const line = createBudget(sendingBytesMax);
  /** Resolves when a block's sending has ended, well or not. */
  const inFlight = new Map<BlockHash, Promise<void>>();

  async function bodyOf(bytes: Uint8Array): Promise<BlockBody> {
    if (compressionPays(compression.trial(bytes))) {
      const compressed = await compression.compress(bytes);
      if (compressed.length < bytes.length) return { bytes: compressed, encoding: "zstd" };
    }
    return { bytes, encoding: "identity" };
  }

  async function put({ hash }: BlockRef, body: BlockBody, signal: AbortSignal): Promise<void> {
    const giveBack = await line.take(body.bytes.length, signal);
    try {
      await edge.putBlock(hash, body, signal);
    } finally {
      giveBack();
    }
  }

  async function sendWhole(block: BlockRef, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const state = await check(block, signal);
    if (state === "have") return;
    await slots.whileOne(async () => {
      if (!(await isProven(block, state, bytes, signal))) await put(block, await bodyOf(bytes), signal);
    }, signal);
  }

  /** False: refused, and the block is to be sent whole. */
  async function sendDelta(hash: BlockHash, frame: Uint8Array, signal: AbortSignal): Promise<boolean> {
    try {
      await slots.whileOne(() => edge.putDelta(hash, frame, signal), signal);
      return true;
    } catch (error) {
      if (isDeltaRefusal(error)) return false;
      throw error;
    }
  }

  return async (block, bytes, signal, delta) => {
    const { hash } = block;
    for (let other = inFlight.get(hash); other !== undefined; other = inFlight.get(hash)) {
      await untilAborted(other, signal);
      if (knowledge.serverHas(hash)) return;
    }
    const ended = Promise.withResolvers<void>();
    inFlight.set(hash, ended.promise);
    try {
      const isWhole = delta === undefined || !(await sendDelta(hash, delta, signal));
      if (isWhole) await sendWhole(block, bytes, signal);
      knowledge.rememberServerHas([hash]);
      // Whoever has the bases of a delta makes the block of them.
      if (isWhole) onSent?.(hash);
    } finally {
      inFlight.delete(hash);
      ended.resolve();
    }
  };
}
