import { linkTargetBytesMax, locateHashesMax, locationsCachedMax, packBlockBytesMax, transferBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest, manifestSize } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createBudget } from "../common/budget.ts";
import { createTaskGroup } from "../common/task-group.ts";
import { DiskError, type Received, type Transfer } from "../ports.ts";
import { createDeltaTaker } from "./delta-taker.ts";
import { createEarlyBlocks } from "./early-blocks.ts";
import { type BlockBytes, createFetcher, unpooled } from "./fetcher.ts";
import { createLocalBlocks, isBlock } from "./local-blocks.ts";
import { OlderBlocks } from "./older-blocks.ts";
import type { TransferOptions } from "./options.ts";

/** A block and all the places in the file where it stands. */
type Placed = BlockRef & { readonly offsets: number[] };

export type Downloads = Required<Pick<Transfer, "download" | "downloadBytes" | "prefetch">> & Pick<Transfer, "fetchEarly">;

export function createDownloads(options: TransferOptions): Downloads {
  const { hashBlock } = options;
  const fetcher = createFetcher(options);
  const local = createLocalBlocks(options);
  const deltas = createDeltaTaker({ ...options, local, fetcher });
  const early = options.early && createEarlyBlocks({ hashBlock, fetcher, local, early: options.early });
  const memory = createBudget(transferBytesMax);

  async function obtain(
    block: BlockRef,
    { received, older }: { received?: Received | undefined; older?: OlderBlocks },
    signal: AbortSignal,
  ): Promise<BlockBytes> {
    const sent = received?.blocks.get(block.hash);
    if (sent !== undefined && (await isBlock(block, sent, hashBlock))) return unpooled(sent);
    const cameEarly = await early?.take(block, signal);
    if (cameEarly !== undefined) return cameEarly;
    const here = (await local.find(block)) ?? (await deltas.fromReceived(block, received, signal));
    if (here !== undefined) {
      fetcher.forget(block.hash);
      return unpooled(here);
    }
    const made = (await deltas.fetch(block, signal)) ?? (older && (await deltas.ask(block, older, signal)));
    return made === undefined ? fetcher.fetch(block, signal) : unpooled(made);
  }

  const mayHave = ({ hash }: BlockRef) => early?.mayHave(hash) === true || local.mayHave(hash);

  /** Asks for all addresses at once, so that few requests carry them and packs know what is wanted of them. */
  async function locateAll(blocks: readonly BlockRef[], received: Received | undefined, signal: AbortSignal): Promise<void> {
    const isHere = (block: BlockRef) =>
      received?.blocks.has(block.hash) === true || received?.deltas.has(block.hash) === true || mayHave(block);
    const far = blocks.filter((block) => !isHere(block));
    await Promise.all(far.map(({ hash }) => fetcher.locate(hash, signal)));
  }

  return {
    ...(early && { fetchEarly: (signal: AbortSignal) => early.fetching(signal) }),

    async prefetch(manifests, signal) {
      const blocks = new Map(manifests.flatMap(blocksOf).map((block) => [block.hash, block]));
      // More would push out the first before they are used.
      const first = [...blocks.values()].slice(0, locationsCachedMax);
      await locateAll(first, undefined, signal);
      await fetcher.readAhead(
        first.filter((block) => !mayHave(block)),
        signal,
      );
    },

    async download(manifest, draft, { signal, progress, received, before }) {
      signal.throwIfAborted();
      const all = blocksOf(manifest);
      const older = new OlderBlocks(before, all);
      const blocks = placed(all);
      using claim = early?.claim(all);
      await using group = createTaskGroup(signal);
      // Addresses are good for an hour: those of a long file are asked for as it goes.
      for (let at = 0; at < blocks.length; at += locateHashesMax) {
        const next = blocks.slice(at, at + locateHashesMax);
        await locateAll(next, received, group.signal);
        for (const block of next) {
          // Tiny blocks count as more than they are, so that the number of tasks is bounded as well.
          const giveBack = await memory.take(Math.max(block.size, packBlockBytesMax), group.signal);
          group.start(async () => {
            try {
              using content = await obtain(block, { received, older }, group.signal);
              for (const offset of block.offsets) await draft.write(content.bytes, offset);
              claim?.placed(block.hash);
              progress?.(block.size * block.offsets.length);
            } catch (error) {
              if (error instanceof DiskError && error.code === "no-space") early?.makeRoom();
              throw error;
            } finally {
              giveBack();
            }
          });
        }
      }
      await group.finished();
    },

    async downloadBytes(manifest, signal) {
      signal.throwIfAborted();
      const blocks = blocksOf(manifest);
      const size = manifestSize(blocks);
      if (size > linkTargetBytesMax)
        throw new ProblemError("bad-manifest", `A link's target has at most ${linkTargetBytesMax} bytes, not ${size}.`);
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const block of blocks) {
        using content = await obtain(block, {}, signal);
        bytes.set(content.bytes, at);
        at += block.size;
      }
      return bytes;
    },
  };
}

function blocksOf(manifest: string): BlockRef[] {
  try {
    return decodeManifest(manifest);
  } catch (cause) {
    if (cause instanceof RangeError) throw new ProblemError("bad-manifest", undefined, { cause });
    throw cause;
  }
}

/** Each different block once, in the order of its first place. One hash with two sizes stays two: one of them is refused. */
function placed(blocks: readonly BlockRef[]): Placed[] {
  const byName = new Map<string, Placed>();
  let offset = 0;
  for (const { hash, size } of blocks) {
    const name = `${hash} ${size}`;
    const known = byName.get(name);
    if (known === undefined) byName.set(name, { hash, size, offsets: [offset] });
    else known.offsets.push(offset);
    offset += size;
  }
  return [...byName.values()];
}
