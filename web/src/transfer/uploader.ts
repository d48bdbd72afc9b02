/** Uploads several files at a time, by the sync core's own way: chunks, `check`, proofs, deltas, commit. */
import { untilAborted } from "@ashlar/client/common/abort";
import { createBlockCache } from "@ashlar/client/transfer/block-cache";
import { createUploads } from "@ashlar/client/transfer/upload";
import { DiskError, type Edge, type Ingested } from "@ashlar/client/ports";
import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import type { DeltaCodec } from "@ashlar/shared/delta/types";
import deltaUrl from "@ashlar/shared/delta.wasm?url";
import type { BlockHash } from "@ashlar/shared/ids";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import type { Change } from "@ashlar/shared/protocol/change";
import type { Op, OpResult } from "@ashlar/shared/protocol/commit";
import { sideName } from "@ashlar/shared/side-names";
import { newNodeId, newOpId } from "../platform/random.ts";
import { conflictText } from "../library/conflicts.ts";
import { hashBlock } from "../platform/hash.ts";
import { createCompression } from "./compression.ts";
import { fileDisk } from "./file-disk.ts";
import type { FromWorker, Replaced, UploadTask } from "./messages.ts";
import { blocksOf, createCommits } from "./worker-commits.ts";

export type Uploader = { add(tasks: readonly UploadTask[]): void; stop(ids: readonly string[]): void };

const filesAtOnceMax = 6;
const progressEveryMs = 100;
/** How often a file is tried under what others have made of its place meanwhile. */
const placesTriedMax = 5;
const newFileMode = 0o644;

/** A page keeps no blocks of old versions: deltas are made from the edge's signatures. */
const noBlocks = {
  list: async () => [],
  read: async () => undefined,
  write: async () => undefined,
  mark: async () => undefined,
  remove: async () => undefined,
};

export function createUploader(edge: Edge, say: (message: FromWorker) => void): Uploader {
  const waiting: UploadTask[] = [];
  const files = new Map<string, File>();
  const running = new Map<string, AbortController>();
  const serverHas = new Set<BlockHash>();
  const progress = createProgress(say);
  const commit = createCommits(edge);
  const compression = createCompression();
  const uploads = loadCodec().then((codec) =>
    createUploads({
      disk: fileDisk((id) => files.get(id)),
      edge,
      knowledge: {
        serverHas: (hash) => serverHas.has(hash),
        rememberServerHas: (hashes) => hashes.forEach((hash) => serverHas.add(hash)),
        findLocal: () => [],
      },
      hashBlock,
      codec,
      cache: createBlockCache({ store: noBlocks, hashBlock, bytesMax: 0 }),
      compression,
    }),
  );

  /** Reads and sends; answers with what the commit of it is made of. */
  async function ingest(task: UploadTask, replaces: Replaced | undefined, signal: AbortSignal) {
    const { upload, sendWhole } = await uploads;
    // A smaller file travels in its commit, as it is.
    if (task.file.size > packBlockBytesMax) await untilAborted(compression.load(), signal);
    const manifest = replaces === undefined ? undefined : await edge.manifest(replaces.node, replaces.version, signal);
    progress.reset(task.id);
    const ingested = await upload(task.id, { signal, progress: (bytes) => progress.add(task.id, bytes), before: manifest });
    return {
      ingested,
      before: manifest === undefined || replaces === undefined ? undefined : { version: replaces.version, manifest },
      sendWhole: async (hashes: ReadonlySet<string>) => {
        const lost = await sendWhole(blocksOf(ingested.manifest, hashes), signal);
        // Without places on a disk to find them: the file is read again.
        if (lost.length > 0) {
          const again = await upload(task.id, { signal });
          if (again.manifest !== ingested.manifest) throw new DiskError("changed", task.name);
        }
      },
    };
  }

  async function uploadTask(task: UploadTask, signal: AbortSignal): Promise<Change | undefined> {
    let place: Place = { parent: task.parent, name: task.name, node: task.node, opId: task.opId, replaces: task.replaces };
    for (let tried = 1; ; tried++) {
      const ready = await ingest(task, place.replaces, signal);
      const op = opOf(place, task, ready.ingested);
      const { result, change } = await untilAborted(commit({ ...ready, op }), signal);
      if (result.status === "applied") return change;
      const other = tried < placesTriedMax ? placeAfter(place, result, tried) : undefined;
      if (other === undefined) throw new Error(conflictText(result.reason, task.name));
      place = other;
    }
  }

  async function runTask(task: UploadTask): Promise<void> {
    const stop = new AbortController();
    running.set(task.id, stop);
    files.set(task.id, task.file);
    say({ type: "started", id: task.id });
    try {
      const change = await uploadTask(task, stop.signal);
      progress.reset(task.id);
      say({ type: "finished", ids: [task.id], changes: change === undefined ? [] : [change] });
    } catch (error) {
      if (!stop.signal.aborted) say({ type: "failed", id: task.id, why: whyOf(error) });
    } finally {
      running.delete(task.id);
      files.delete(task.id);
      next();
    }
  }

  function next(): void {
    while (running.size < filesAtOnceMax) {
      const task = waiting.shift();
      if (task === undefined) return;
      void runTask(task);
    }
  }

  return {
    add(tasks) {
      waiting.push(...tasks);
      next();
    },
    stop(ids) {
      const stopped = new Set(ids);
      waiting.splice(0, waiting.length, ...waiting.filter(({ id }) => !stopped.has(id)));
      for (const id of ids) running.get(id)?.abort(new Error("stopped"));
    },
  };
}

type Place = Pick<UploadTask, "parent" | "name" | "node" | "opId" | "replaces">;

function opOf(
  { parent, name, node, opId, replaces }: Place,
  { file }: UploadTask,
  { manifest, size }: Ingested,
): Extract<Op, { op: "create" | "update" }> {
  const content = { manifest, size, mtimeMs: file.lastModified, mode: newFileMode };
  return replaces === undefined
    ? { op: "create", opId, node, parent, name, kind: "file", ...content }
    : { op: "update", opId, node: replaces.node, baseRev: replaces.rev, ...content };
}

/** Another device was faster: a file of the same name gets this as its newest version, anything else keeps its name. */
function placeAfter(place: Place, { reason, current }: Extract<OpResult, { status: "conflict" }>, tried: number): Place | undefined {
  const opId = newOpId();
  if ((reason === "name-taken" || reason === "stale") && current?.kind === "file")
    return { ...place, opId, replaces: { node: current.node, rev: current.rev, version: current.version } };
  if (reason === "name-taken") return { ...place, opId, name: sideName(place.name, String(tried + 1)) };
  // What it was to replace is gone: it is a file of its own.
  if (reason === "gone" && place.replaces !== undefined) return { ...place, opId, node: newNodeId(), replaces: undefined };
  return undefined;
}

function whyOf(error: unknown): string {
  if (error instanceof DiskError)
    return error.code === "changed" ? "The file was changed or removed since it was chosen. Choose it again." : "The file cannot be read.";
  return error instanceof Error ? error.message : String(error);
}

async function loadCodec(): Promise<DeltaCodec> {
  return createDeltaCodec(await WebAssembly.compileStreaming(fetch(deltaUrl)));
}

type Progress = { add(id: string, bytes: number): void; reset(id: string): void };

/** Told to the page every now and then: blocks end by the hundred. */
function createProgress(say: (message: FromWorker) => void): Progress {
  const done = new Map<string, number>();
  const news = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    say({ type: "progress", done: [...news].map((id) => [id, done.get(id) ?? 0] as const) });
    news.clear();
  };
  return {
    add(id, bytes) {
      done.set(id, (done.get(id) ?? 0) + bytes);
      news.add(id);
      timer ??= setTimeout(tell, progressEveryMs);
    },
    reset(id) {
      done.delete(id);
      news.delete(id);
    },
  };
}
