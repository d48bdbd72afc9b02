/**
 * Blocks that another device is still sending, fetched while it does, so that a large file is here soon after its commit. Nothing
 * depends on any of them: what is not here by then is fetched as ever. So whatever fails here is dropped without a word.
 */
import type { BlockHash } from "@ashlar/shared/ids";
import { earlyAtOnceMax, earlyBlocksBytesMax, earlyMs, earlyWaitingMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { ComingBlock } from "@ashlar/shared/protocol/change";
import { untilAborted } from "../common/abort.ts";
import type { EarlyFetching } from "../ports.ts";
import type { BlockBytes, Fetcher } from "./fetcher.ts";
import { isBlock, type LocalBlocks } from "./local-blocks.ts";
import type { TransferOptions } from "./options.ts";

export type EarlyBlocks = {
  /** Here, or on its way. */
  mayHave(hash: BlockHash): boolean;
  /** A download wants these, and fetches for itself what has not begun to come. Disposing of it says that it has ended. */
  claim(blocks: readonly BlockRef[]): Claim;
  /** Verified, if need be when it has come; undefined when it is not here. */
  take(block: BlockRef, signal: AbortSignal): Promise<BlockBytes | undefined>;
  fetching(signal: AbortSignal): EarlyFetching;
  /** The disk is full: what is kept goes, and nothing is fetched for a while. */
  makeRoom(): void;
};

export type Claim = Disposable & {
  /** The block is in its file: unless another download wants it too, it is dropped. */
  placed(hash: BlockHash): void;
};

type EarlyOptions = Pick<TransferOptions, "hashBlock"> & {
  readonly early: NonNullable<TransferOptions["early"]>;
  readonly fetcher: Pick<Fetcher, "fetchFrom" | "takeBuffer">;
  readonly local: Pick<LocalBlocks, "mayHave">;
};

export function createEarlyBlocks({ hashBlock, fetcher, local, early: options }: EarlyOptions): EarlyBlocks {
  const { store, clock, bytesMax = earlyBlocksBytesMax } = options;
  /** The sizes of what is here and of what is on its way. When they are at the bound nothing is fetched: what came first is wanted first. */
  const sizes = new Map<BlockHash, number>();
  const waiting = new Map<BlockHash, ComingBlock>();
  const underWay = new Map<BlockHash, Promise<void>>();
  /** What downloads under way are made of, and what of it is not in their files yet. */
  const claims = new Set<{ readonly all: ReadonlySet<BlockHash>; readonly open: Set<BlockHash> }>();
  let bytesKept = 0;
  let isHeard = false;
  /** Until then the disk is left alone. */
  let fullUntilMs = -Infinity;
  let isDropping = false;
  /** What an earlier process left is of no use: its files have come since, or will not. */
  let emptied = ignoring(async () => {
    for (const { hash } of await store.list()) await store.remove(hash);
  });

  async function drop(hash: BlockHash): Promise<void> {
    await underWay.get(hash);
    await discard(hash);
  }

  async function discard(hash: BlockHash): Promise<void> {
    const size = sizes.get(hash);
    if (size === undefined) return;
    sizes.delete(hash);
    await ignoring(() => store.remove(hash));
    // Counted until it is gone.
    bytesKept -= size;
  }

  function empty(): void {
    waiting.clear();
    const before = emptied;
    const gone = [...sizes.keys()].filter((hash) => !underWay.has(hash)).map(discard);
    emptied = Promise.all([before, ...gone]).then(() => undefined);
  }

  function makeRoom(): void {
    fullUntilMs = clock.now() + earlyMs;
    empty();
  }

  function begin(signal: AbortSignal): void {
    for (const [hash, block] of waiting) {
      if (underWay.size >= earlyAtOnceMax || signal.aborted) return;
      waiting.delete(hash);
      if (bytesKept + block.size > bytesMax) continue;
      sizes.set(hash, block.size);
      bytesKept += block.size;
      const coming = fetchOne(block, signal).finally(() => {
        underWay.delete(hash);
        begin(signal);
      });
      underWay.set(hash, coming);
    }
  }

  /** An address that has expired, an edge that cannot be reached: the download meets them, and says so. */
  async function fetchOne(block: ComingBlock, signal: AbortSignal): Promise<void> {
    let isKept = false;
    await ignoring(async () => {
      await emptied;
      using received = await fetcher.fetchFrom(block.url, block, signal);
      if (received === undefined || signal.aborted || clock.now() < fullUntilMs) return;
      try {
        await store.write(block.hash, received.bytes);
        isKept = true;
      } catch {
        // What is to be synced needs the room more.
        makeRoom();
      }
    });
    if (!isKept) await discard(block.hash);
  }

  function isClaimed(hash: BlockHash, as: "all" | "open"): boolean {
    return [...claims].some((claim) => claim[as].has(hash));
  }

  function isNew({ hash }: ComingBlock): boolean {
    return !sizes.has(hash) && !isClaimed(hash, "all") && !local.mayHave(hash);
  }

  function hear(blocks: readonly ComingBlock[], signal: AbortSignal): void {
    isHeard = true;
    if (signal.aborted || clock.now() < fullUntilMs) return;
    for (const block of blocks) if (waiting.size < earlyWaitingMax && isNew(block)) waiting.set(block.hash, block);
    begin(signal);
    void ignoring(() => dropOld(signal));
  }

  /** What was sent for a file that never came. */
  async function dropOld(signal: AbortSignal): Promise<void> {
    if (isDropping) return;
    isDropping = true;
    try {
      while (sizes.size > 0) {
        isHeard = false;
        await clock.sleep(earlyMs, signal);
        if (!isHeard) empty();
      }
    } finally {
      isDropping = false;
    }
  }

  return {
    mayHave: (hash) => sizes.has(hash),

    claim(blocks) {
      const all = new Set(blocks.map(({ hash }) => hash));
      const mine = { all, open: new Set(all) };
      claims.add(mine);
      for (const hash of all) waiting.delete(hash);
      return {
        placed(hash) {
          mine.open.delete(hash);
          if (!isClaimed(hash, "open")) void drop(hash);
        },
        [Symbol.dispose]: () => void claims.delete(mine),
      };
    },

    async take(block, signal) {
      const { hash } = block;
      await untilAborted(underWay.get(hash) ?? Promise.resolve(), signal);
      if (!sizes.has(hash)) return undefined;
      using stack = new DisposableStack();
      const buffer = stack.use(await fetcher.takeBuffer(signal));
      const bytes = await store.read(hash, buffer.bytes).catch(() => undefined);
      if (bytes === undefined || !(await isBlock(block, bytes, hashBlock))) {
        await discard(hash);
        return undefined;
      }
      const owned = stack.move();
      return { bytes, [Symbol.dispose]: () => owned.dispose() };
    },

    fetching(outer) {
      const over = new AbortController();
      const signal = AbortSignal.any([outer, over.signal]);
      return {
        hear: (blocks) => hear(blocks, signal),
        makeRoom,
        async [Symbol.asyncDispose]() {
          over.abort();
          await Promise.all(underWay.values());
          empty();
          await emptied;
        },
      };
    },

    makeRoom,
  };
}

/** See above: whatever is the matter here matters to nobody. */
async function ignoring(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    // The download fetches the block, or meets what is the matter and says so.
  }
}
