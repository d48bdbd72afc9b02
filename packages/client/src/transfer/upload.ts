import type { BlockHash } from "@ashlar/shared/ids";
import { blockBytesMax, fileBytesMax, packBlockBytesMax, transferBytesMax } from "@ashlar/shared/limits";
import { type BlockRef, encodeManifest } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createBufferPool } from "../common/buffer-pool.ts";
import { createTaskGroup, type TaskGroup } from "../common/task-group.ts";
import { DiskError, type Ingested, type RelativePath, type Stat, type Transfer, type TransferProgress } from "../ports.ts";
import type { TransferOptions } from "./options.ts";
import { readBlocks, type Source, windowBytes } from "./reader.ts";
import { createSender } from "./sender.ts";

/** Files read at the same time: reading is faster than sending, so a few keep the network busy. */
const readersMax = 4;

type UploadOptions = { readonly signal: AbortSignal; readonly progress?: TransferProgress };
type SmallBlock = Ingested["small"][number];

/** Where the blocks of one file go as they are read. */
type Intake = { readonly blocks: BlockRef[]; readonly small: SmallBlock[]; readonly met: Set<BlockHash> };

export function createUpload({ disk, edge, knowledge, hashBlock }: TransferOptions): Transfer["upload"] {
  const send = createSender(edge, knowledge);
  const windows = createBufferPool(readersMax, windowBytes);
  const copies = createBufferPool(Math.floor(transferBytesMax / blockBytesMax), blockBytesMax);

  /** Sends a large block in the background; its copy frees the window for the next. */
  async function sendCopy(block: BlockRef, view: Uint8Array, group: TaskGroup, sent: () => void): Promise<void> {
    const copy = await copies.take(group.signal);
    copy.bytes.set(view);
    group.start(async () => {
      using held = copy;
      await send(block, held.bytes.subarray(0, block.size), group.signal);
      sent();
    });
  }

  async function takeIn(view: Uint8Array, intake: Intake, group: TaskGroup, progress: TransferProgress): Promise<void> {
    const block: BlockRef = { hash: await hashBlock(view), size: view.length };
    const done = () => progress(block.size);
    intake.blocks.push(block);
    const known = intake.met.has(block.hash) || knowledge.serverHas(block.hash);
    intake.met.add(block.hash);
    if (known) return done();
    if (block.size > packBlockBytesMax) return sendCopy(block, view, group, done);
    intake.small.push({ hash: block.hash, bytes: view.slice() });
    return done();
  }

  async function readThrough(source: Source, { signal, progress = ignore }: UploadOptions): Promise<Intake> {
    const intake: Intake = { blocks: [], small: [], met: new Set() };
    await using group = createTaskGroup(signal);
    {
      using window = await windows.take(group.signal);
      for await (const view of readBlocks(source, window.bytes)) {
        group.signal.throwIfAborted();
        await takeIn(view, intake, group, progress);
      }
    }
    await group.finished();
    return intake;
  }

  async function uploadFile(path: RelativePath, options: UploadOptions): Promise<Ingested> {
    await using handle = await disk.open(path);
    const stat = await handle.stat();
    const { size } = stat;
    if (size > fileBytesMax) throw new ProblemError("too-large", `${path} has ${size} bytes, and a file has at most ${fileBytesMax}.`);
    const intake = await readThrough({ handle, path, size }, options);
    // The open file, and the name it was opened by: it may have been written to, or replaced by another.
    const stood = sameStat(stat, await handle.stat()) && sameStat(stat, await disk.stat(path));
    if (!stood) throw new DiskError("changed", path);
    return { manifest: encodeManifest(intake.blocks), size, stat, small: intake.small };
  }

  async function uploadLink(path: RelativePath, stat: Stat, { progress = ignore }: UploadOptions): Promise<Ingested> {
    const bytes = await disk.readLink(path);
    if (!sameStat(stat, await disk.stat(path))) throw new DiskError("changed", path);
    const hash = await hashBlock(bytes);
    progress(bytes.length);
    const small = knowledge.serverHas(hash) ? [] : [{ hash, bytes }];
    return { manifest: encodeManifest([{ hash, size: bytes.length }]), size: bytes.length, stat, small };
  }

  return async (path, options) => {
    options.signal.throwIfAborted();
    const stat = await disk.stat(path);
    if (stat === undefined) throw new DiskError("absent", path);
    return stat.kind === "symlink" ? uploadLink(path, stat, options) : uploadFile(path, options);
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
