import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { DeltaError } from "@ashlar/shared/delta/types";
import {
  deltaBaseBytesMax,
  deltaBasesMax,
  deltaFailuresMax,
  deltaFrameBytesMax,
  deltasAtOnceMax,
  packBlockBytesMax,
} from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { createBudget } from "../common/budget.ts";
import type { Received } from "../ports.ts";
import type { Fetcher } from "./fetcher.ts";
import { type LocalBlocks, isBlock } from "./local-blocks.ts";
import type { OlderBlocks } from "./older-blocks.ts";
import type { TransferOptions } from "./options.ts";

export type DeltaTaker = {
  /** By a delta that came with the change. */
  fromReceived(block: BlockRef, received: Received | undefined, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** By the shortest delta that the server has against blocks which are on this device. Rejects as the edge does when it cannot be reached. */
  fetch(block: BlockRef, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** By a delta that the server makes of blocks which the file has here. Rejects likewise. */
  ask(block: BlockRef, older: OlderBlocks, signal: AbortSignal): Promise<Uint8Array | undefined>;
};

export type DeltaTakerOptions = Pick<TransferOptions, "codec" | "cache" | "hashBlock"> & {
  readonly local: LocalBlocks;
  readonly fetcher: Pick<Fetcher, "locate" | "fetchFrame" | "askFrame">;
};

/** New blocks from old ones that are here. Whatever is the matter with a delta, the answer is undefined and the block is fetched. */
export function createDeltaTaker({ codec, cache, hashBlock, local, fetcher }: DeltaTakerOptions): DeltaTaker {
  const slots = createBudget(deltasAtOnceMax);
  // More at once would ask for much of a rewritten file before the first answer says that it is one.
  const asking = createBudget(deltaFailuresMax);

  /** All of them, or undefined. */
  async function basesOf(frame: Uint8Array, block: BlockRef): Promise<Uint8Array[] | undefined> {
    const { size, bases } = readDeltaHeader(frame);
    const total = bases.reduce((sum, base) => sum + base.size, 0);
    if (size !== block.size || bases.length > deltaBasesMax || total > deltaBaseBytesMax) return undefined;
    const found: Uint8Array[] = [];
    for (const base of bases) {
      const bytes = await local.find(base);
      if (bytes === undefined) return undefined;
      found.push(bytes);
    }
    return found;
  }

  async function rebuild(frame: Uint8Array, block: BlockRef): Promise<Uint8Array | undefined> {
    try {
      const bases = await basesOf(frame, block);
      if (bases === undefined) return undefined;
      const bytes = codec.decode(frame, bases);
      if (!(await isBlock(block, bytes, hashBlock))) return undefined;
      // Whoever edits it here next has the old bytes.
      await cache.put(block.hash, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof DeltaError) return undefined;
      throw error;
    }
  }

  return {
    async fromReceived(block, received, signal) {
      const frame = received?.deltas.get(block.hash);
      return frame && slots.whileOne(() => rebuild(frame, block), signal);
    },

    async fetch(block, signal) {
      const location = await fetcher.locate(block.hash, signal);
      const shorter = (location?.deltas ?? []).filter(({ size }) => size < Math.min(block.size, deltaFrameBytesMax + 1));
      for (const { url, bases } of shorter.toSorted((one, other) => one.size - other.size)) {
        // Asked before the frame is fetched: of a device's first copy of a file nothing is here.
        if (!bases.every((hash) => local.mayHave(hash))) continue;
        const frame = await fetcher.fetchFrame(url, signal);
        const bytes = frame && (await slots.whileOne(() => rebuild(frame, block), signal));
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },

    async ask(block, older, signal) {
      // A small one comes with others, in a part of a pack.
      if (block.size <= packBlockBytesMax) return undefined;
      const giveBack = await asking.take(1, signal);
      try {
        const bases = older.of(block).flatMap(({ hash }) => (local.mayHave(hash) ? [hash] : []));
        if (bases.length === 0) return undefined;
        const frame = await fetcher.askFrame(block.hash, bases, signal);
        const bytes = frame && (await slots.whileOne(() => rebuild(frame, block), signal));
        older.tried(bytes !== undefined);
        return bytes;
      } finally {
        giveBack();
      }
    },
  };
}
