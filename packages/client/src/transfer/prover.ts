import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockState } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Ask } from "../common/batcher.ts";
import type { Edge } from "../ports.ts";

/** Whether the user has the block now without having sent it. `state` is what `check` said of it. */
export type IsProven = (block: BlockRef, state: BlockState, bytes: Uint8Array, signal: AbortSignal) => Promise<boolean>;

/** A nonce that ran out while its block waited is replaced once; whatever else is wrong with a proof, the bytes can be sent. */
export function createProver(edge: Pick<Edge, "prove">, check: Ask<BlockRef, BlockState>): IsProven {
  async function attempt(mayAskAgain: boolean, ...[block, state, bytes, signal]: Parameters<IsProven>): Promise<boolean> {
    if (typeof state === "string") return state === "have";
    try {
      await edge.prove(block.hash, state.prove, bytes, signal);
      return true;
    } catch (error) {
      const code = error instanceof ProblemError ? error.code : undefined;
      if (code !== "proof-failed" && code !== "proof-expired") throw error;
      if (code === "proof-failed" || !mayAskAgain) return false;
    }
    return attempt(false, block, await check(block, signal), bytes, signal);
  }
  return (...asked) => attempt(true, ...asked);
}
