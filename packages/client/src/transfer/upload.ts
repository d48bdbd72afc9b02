import type { BlockHash } from "@ashlar/shared/ids";
import { blockBytesMax, fileBytesMax, packBlockBytesMax, transferBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest, encodeManifest } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createBufferPool, type PooledBuffer } from "../common/buffer-pool.ts";
import { createTaskGroup, type TaskGroup } from "../common/task-group.ts";
import { DiskError, type Ingested, type RelativePath, type SmallBlock, type Stat, type Transfer, type TransferProgress } from "../ports.ts";
import { Cutter } from "./cutter.ts";
import { createDeltaMaker } from "./delta-maker.ts";
import { Editing } from "./editing.ts";
import { createLocalBlocks } from "./local-blocks.ts";
import type { TransferOptions } from "./options.ts";
import { type ReadBlock, readBlocks, type Source, windowBytes } from "./reader.ts";
import { createSender } from "./sender.ts";

/** Files read at the same time: reading is faster than sending, so a few keep the network busy. */
const readersMax = 4;

type UploadOptions = Parameters<Transfer["upload"]>[1];
export type Uploads = Pick<Transfer, "upload" | "sendWhole">;

/** Where the blocks of one file go as they are read. */
type Intake = {
  readonly blocks: BlockRef[];
  readonly small: SmallBlock[];
  readonly met: Set<BlockHash>;
  /** Of a new version only: a new file's blocks are all new. */
  readonly editing: Editing | undefined;
};

export function createUploads(options: TransferOptions): Uploads {
  const { disk, knowledge, hashBlock, cache, memory } = options;
  const send = createSender(options);
  const local = createLocalBlocks(options);
  const makeDelta = createDeltaMaker({ ...options, local });
  const windows = createBufferPool(readersMax, windowBytes, memory);
  const copies = createBufferPool(Math.floor(transferBytesMax / blockBytesMax), blockBytesMax, memory);

  async function copyOf(view: Uint8Array, signal: AbortSignal): Promise<PooledBuffer> {
    const copy = await copies.take(signal);
    copy.bytes.set(view);
    return copy;
  }

  /** Sends a large block in the background; its copy frees the window for the next. */
  async function sendCopy(block: BlockRef, view: Uint8Array, group: TaskGroup, sent: () => void): Promise<void> {
    const copy = await copyOf(view, group.signal);
    group.start(async () => {
      using held = copy;
      await send(block, held.bytes.subarray(0, block.size), group.signal);
      sent();
    });
  }

  async function takeIn({ block, bytes }: ReadBlock, intake: Intake, group: TaskGroup, progress: TransferProgress): Promise<void> {
    const { editing, small } = intake;
    const done = () => progress(block.size);
    intake.blocks.push(block);
    const known = intake.met.has(block.hash) || knowledge.serverHas(block.hash);
    intake.met.add(block.hash);
    const isSmall = block.size <= packBlockBytesMax;
    if (!known && isSmall) small.push({ hash: block.hash, bytes: bytes.slice() });
    const gap = editing?.pass(block);
    if (known || (isSmall && gap === undefined)) return done();
    if (editing === undefined || gap === undefined) return sendCopy(block, bytes, group, done);
    const copy = await copyOf(bytes, group.signal);
    // Until it is known what follows.
    editing.keep({ block, gap, copy, done });
  }

  async function readThrough(
    source: Source,
    { signal, progress = ignore, before }: UploadOptions,
  ): Promise<Intake & Pick<Ingested, "deltas">> {
    await using group = createTaskGroup(signal);
    const old = before === undefined ? [] : decodeManifest(before);
    using editing = before === undefined ? undefined : new Editing(old, { path: source.path, makeDelta, send, cache, group });
    const intake: Intake = { blocks: [], small: [], met: new Set(), editing };
    {
      using window = await windows.take(group.signal);
      for await (const read of readBlocks(source, window.bytes, new Cutter(old, hashBlock))) {
        group.signal.throwIfAborted();
        await takeIn(read, intake, group, progress);
      }
    }
    editing?.end();
    await group.finished();
    await editing?.spend(intake.met);
    return { ...intake, deltas: editing?.deltas ?? [] };
  }

  async function uploadFile(path: RelativePath, uploading: UploadOptions): Promise<Ingested> {
    await using handle = await disk.open(path);
    const stat = await handle.stat();
    const { size } = stat;
    if (size > fileBytesMax) throw new ProblemError("too-large", `${path} has ${size} bytes, and a file has at most ${fileBytesMax}.`);
    const { blocks, small, deltas } = await readThrough({ handle, path, size }, uploading);
    // The open file, and the name it was opened by: it may have been written to, or replaced by another.
    const stood = sameStat(stat, await handle.stat()) && sameStat(stat, await disk.stat(path));
    if (!stood) throw new DiskError("changed", path);
    return { manifest: encodeManifest(blocks), size, stat, small, deltas };
  }

  async function uploadLink(path: RelativePath, stat: Stat, { progress = ignore }: UploadOptions): Promise<Ingested> {
    const bytes = await disk.readLink(path);
    if (!sameStat(stat, await disk.stat(path))) throw new DiskError("changed", path);
    const hash = await hashBlock(bytes);
    progress(bytes.length);
    const small = knowledge.serverHas(hash) ? [] : [{ hash, bytes }];
    return { manifest: encodeManifest([{ hash, size: bytes.length }]), size: bytes.length, stat, small, deltas: [] };
  }

  return {
    async upload(path, uploading) {
      uploading.signal.throwIfAborted();
      const stat = await disk.stat(path);
      if (stat === undefined) throw new DiskError("absent", path);
      return stat.kind === "symlink" ? uploadLink(path, stat, uploading) : uploadFile(path, uploading);
    },

    async sendWhole(blocks, signal) {
      const lost: BlockHash[] = [];
      for (const block of blocks) {
        const bytes = await local.find(block);
        if (bytes === undefined) lost.push(block.hash);
        else await send(block, bytes, signal);
      }
      return lost;
    },
  };
}

const ignore: TransferProgress = () => undefined;

function sameStat(before: Stat, after: Stat | undefined): boolean {
  return (
    after !== undefined &&
    before.kind === after.kind &&
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs &&
    before.inode === after.inode &&
    before.mode === after.mode
  );
}
