import { transfersInFlightMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import { type ProblemCode, ProblemError } from "@ashlar/shared/protocol/problem";
import { createBudget } from "../common/budget.ts";
import { createLocator, type Locator } from "./locator.ts";
import { isBlock } from "./local-blocks.ts";
import type { TransferOptions } from "./options.ts";
import { createPacks, isPacked } from "./packs.ts";

export type Fetcher = Pick<Locator, "locate" | "forget"> & {
  /**
   * The block's bytes from the edge, verified. Rejects with ProblemError `not-found` when the server has it not, and
   * `hash-mismatch` when it arrives wrong a second time.
   */
  fetch(block: BlockRef, signal: AbortSignal): Promise<Uint8Array>;
  /** The frame of a delta that came with the block's address; unverified. Undefined when the address is no good any more. */
  fetchFrame(url: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
};

/** Refusals of an address, not of the block: another address may serve. */
const staleAddress: ReadonlySet<ProblemCode> = new Set<ProblemCode>(["url-expired", "bad-signature", "not-found"]);

export function createFetcher({ edge, hashBlock }: Pick<TransferOptions, "edge" | "hashBlock">): Fetcher {
  const locator = createLocator(edge);
  const slots = createBudget(transfersInFlightMax);
  const packs = createPacks({ fetch: request, wantedFrom: locator.wantedFrom });

  async function request(url: string, range: { offset: number; length: number } | undefined, signal: AbortSignal): Promise<Uint8Array> {
    const giveBack = await slots.take(1, signal);
    try {
      return await edge.fetch(url, range, signal);
    } finally {
      giveBack();
    }
  }

  function read(location: BlockLocation, signal: AbortSignal): Promise<Uint8Array> {
    return isPacked(location) ? packs.read(location, signal) : request(location.url, undefined, signal);
  }

  /** Answers why not when the address was no good, or the bytes were not the block's: worth another try. */
  async function tryOnce(block: BlockRef, signal: AbortSignal): Promise<Uint8Array | ProblemError> {
    const location = await locator.locate(block.hash, signal);
    if (location === undefined) return new ProblemError("not-found", `The server has no block ${block.hash}.`, { hashes: [block.hash] });
    const failed = (error: ProblemError) => {
      locator.forget(block.hash);
      packs.forget(location.url);
      return error;
    };
    try {
      const bytes = await read(location, signal);
      if (await isBlock(block, bytes, hashBlock)) return bytes;
      return failed(wrongBytes(block));
    } catch (error) {
      if (error instanceof ProblemError && staleAddress.has(error.code)) return failed(error);
      throw error;
    }
  }

  return {
    locate: locator.locate,
    forget: locator.forget,
    async fetch(block, signal) {
      const first = await tryOnce(block, signal);
      const last = first instanceof ProblemError ? await tryOnce(block, signal) : first;
      if (last instanceof ProblemError) throw last;
      locator.forget(block.hash);
      return last;
    },
    async fetchFrame(url, signal) {
      try {
        return await request(url, undefined, signal);
      } catch (error) {
        if (error instanceof ProblemError) return undefined;
        throw error;
      }
    },
  };
}

function wrongBytes({ hash, size }: BlockRef): ProblemError {
  const detail = `Block ${hash} (${size} bytes) arrived with other bytes, twice. The server's copy or the way to it is damaged; nothing was changed on this disk.`;
  return new ProblemError("hash-mismatch", detail, { hashes: [hash] });
}
