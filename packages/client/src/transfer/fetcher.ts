import { blockBytesMax, transferBytesMax, transfersInFlightMax } from "@ashlar/shared/limits";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import { type ProblemCode, ProblemError } from "@ashlar/shared/protocol/problem";
import { type BufferPool, createBufferPool } from "../common/buffer-pool.ts";
import { createBudget } from "../common/budget.ts";
import { createLocator, type Locator } from "./locator.ts";
import { isBlock } from "./local-blocks.ts";
import type { TransferOptions } from "./options.ts";
import { createPacks, isPacked } from "./packs.ts";

export type Fetcher = Pick<Locator, "locate" | "forget"> & {
  /**
   * The block's bytes from the edge, verified: good until disposed of. Rejects with ProblemError `not-found` when the server has it not, and
   * `hash-mismatch` when it arrives wrong a second time.
   */
  fetch(block: BlockRef, signal: AbortSignal): Promise<BlockBytes>;
  /** From that address alone, once; undefined when it is no good, or has other bytes. */
  fetchFrom(url: string, block: BlockRef, signal: AbortSignal): Promise<BlockBytes | undefined>;
  /** Memory for a block of this device, as for one of the edge's. */
  readonly takeBuffer: BufferPool["take"];
  /** Begins to fetch the small ones among the located, from the first on, as far as there is room to keep them. */
  readAhead(blocks: readonly BlockRef[], signal: AbortSignal): Promise<void>;
  /** The frame of a delta that came with the block's address; unverified. Undefined when the address is no good any more. */
  fetchFrame(url: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** A frame that the server makes of some of these blocks; unverified. Undefined when it has none to offer. */
  askFrame(hash: BlockHash, bases: readonly BlockHash[], signal: AbortSignal): Promise<Uint8Array | undefined>;
};

/** A block's bytes; disposing of it gives their buffer back for the next, so they are not to be looked at after. */
export type BlockBytes = Disposable & { readonly bytes: Uint8Array };

/** Bytes of nobody's buffer. */
export const unpooled = (bytes: Uint8Array): BlockBytes => ({ bytes, [Symbol.dispose]: () => undefined });

const buffersMax = Math.floor(transferBytesMax / blockBytesMax);

/** Refusals of an address, not of the block: another address may serve. */
const staleAddress: ReadonlySet<ProblemCode> = new Set<ProblemCode>(["url-expired", "bad-signature", "not-found"]);

export function createFetcher({ edge, hashBlock, memory }: Pick<TransferOptions, "edge" | "hashBlock" | "memory">): Fetcher {
  const locator = createLocator(edge);
  const slots = createBudget(transfersInFlightMax);
  const buffers = createBufferPool(buffersMax, blockBytesMax, memory);
  const packs = createPacks({
    fetch: (url, range, signal) => slots.whileOne(() => edge.fetch(url, range, signal), signal),
    wantedFrom: locator.wantedFrom,
  });

  /** Fresh memory for each block would cost the system a page fault for each page, and the collector a round for each few blocks. */
  function readWhole(url: string, signal: AbortSignal): Promise<BlockBytes> {
    return slots.whileOne(async () => {
      using stack = new DisposableStack();
      const buffer = stack.use(await buffers.take(signal));
      const bytes = await edge.fetch(url, undefined, signal, buffer.bytes);
      const owned = stack.move();
      return { bytes, [Symbol.dispose]: () => owned.dispose() };
    }, signal);
  }

  async function read(location: BlockLocation, signal: AbortSignal): Promise<BlockBytes> {
    return isPacked(location) ? unpooled(await packs.read(location, signal)) : readWhole(location.url, signal);
  }

  /** Undefined when the bytes are not the block's. */
  async function verified(block: BlockRef, reading: Promise<BlockBytes>): Promise<BlockBytes | undefined> {
    using stack = new DisposableStack();
    const received = stack.use(await reading);
    if (!(await isBlock(block, received.bytes, hashBlock))) return undefined;
    stack.move();
    return received;
  }

  /** Answers why not when the address was no good, or the bytes were not the block's: worth another try. */
  async function tryOnce(block: BlockRef, signal: AbortSignal): Promise<BlockBytes | ProblemError> {
    const location = await locator.locate(block.hash, signal);
    if (location === undefined) return new ProblemError("not-found", `The server has no block ${block.hash}.`, { hashes: [block.hash] });
    const failed = (error: ProblemError) => {
      locator.forget(block.hash);
      packs.forget(location.url);
      return error;
    };
    try {
      return (await verified(block, read(location, signal))) ?? failed(wrongBytes(block));
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
    fetchFrom: (url, block, signal) => unlessRefused(verified(block, readWhole(url, signal))),
    takeBuffer: (signal) => buffers.take(signal),
    async readAhead(blocks, signal) {
      for (const { hash } of blocks) {
        const location = await locator.locate(hash, signal);
        if (location !== undefined && isPacked(location) && !packs.readAhead(location, signal)) return;
      }
    },
    fetchFrame: (url, signal) => unlessRefused(slots.whileOne(() => edge.fetch(url, undefined, signal), signal)),
    askFrame: (hash, bases, signal) => unlessRefused(slots.whileOne(() => edge.delta(hash, bases, signal), signal)),
  };
}

async function unlessRefused<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function wrongBytes({ hash, size }: BlockRef): ProblemError {
  const detail = `Block ${hash} (${size} bytes) arrived with other bytes, twice. The server's copy or the way to it is damaged; nothing was changed on this disk.`;
  return new ProblemError("hash-mismatch", detail, { hashes: [hash] });
}
