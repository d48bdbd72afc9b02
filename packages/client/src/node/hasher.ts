/**
 * SHA-256 beside the thread that receives, sends and plans. Blocks lie in memory that both threads see, so that none is
 * copied. It is only faster than doing it here: whatever keeps the thread from starting or ends it, the hashes are made here.
 */
import type { BlockHash } from "@ashlar/shared/ids";
import { Worker } from "node:worker_threads";
import { hashBlock } from "./hash.ts";

/** A stretch of shared memory, known by its number; `shared` with the first order for it. */
export type HashOrder = {
  readonly memory: number;
  readonly shared: SharedArrayBuffer | undefined;
  readonly start: number;
  readonly end: number;
};

/** The part of `Worker` that is used; tests hand in one that fails. */
export type HashThread = Pick<Worker, "on" | "postMessage" | "ref" | "unref" | "terminate">;

export type Hasher = AsyncDisposable & {
  hashBlock(bytes: Uint8Array): BlockHash | Promise<BlockHash>;
  /** Memory that the thread sees as well. */
  memory(byteLength: number): Uint8Array;
};

/** A message there and back takes some 30 µs, as long as it takes to hash 50 KiB here. */
const thereBytesMin = 256 * 1024;

type Open = { readonly bytes: Uint8Array; readonly resolve: (hash: BlockHash) => void };

/** The thread starts with the first block that is long enough. It keeps no process alive. */
export function openHasher(startThread: () => HashThread = startHashThread): Hasher {
  return new ThreadedHasher(startThread);
}

function startHashThread(): HashThread {
  return new Worker(new URL("./hash-thread.ts", import.meta.url), {
    name: "hash",
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
  });
}

class ThreadedHasher implements Hasher {
  readonly #startThread: () => HashThread;
  readonly #open: Open[] = [];
  readonly #numbers = new WeakMap<SharedArrayBuffer, number>();
  #memories = 0;
  #thread: HashThread | undefined;
  #isReady = false;
  #isOver = false;

  constructor(startThread: () => HashThread) {
    this.#startThread = startThread;
  }

  memory(byteLength: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(byteLength));
  }

  hashBlock(bytes: Uint8Array): BlockHash | Promise<BlockHash> {
    const { buffer, length } = bytes;
    if (length < thereBytesMin || !(buffer instanceof SharedArrayBuffer)) return hashBlock(bytes);
    this.#thread ??= this.#start();
    // What comes while it starts is done here.
    if (this.#thread === undefined || !this.#isReady) return hashBlock(bytes);
    const { promise, resolve } = Promise.withResolvers<BlockHash>();
    if (this.#open.push({ bytes, resolve }) === 1) this.#thread.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of this process, no window
    this.#thread.postMessage(this.#order(bytes, buffer));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    this.#end();
    await thread?.terminate();
  }

  #order({ byteOffset, byteLength }: Uint8Array, buffer: SharedArrayBuffer): HashOrder {
    const known = this.#numbers.get(buffer);
    const memory = known ?? this.#memories++;
    this.#numbers.set(buffer, memory);
    return { memory, shared: known === undefined ? buffer : undefined, start: byteOffset, end: byteOffset + byteLength };
  }

  #start(): HashThread | undefined {
    if (this.#isOver) return undefined;
    try {
      const thread = this.#startThread();
      thread.unref();
      thread.on("online", () => (this.#isReady = true));
      thread.on("message", (hash: BlockHash) => this.#answered(hash));
      thread.on("error", () => this.#end());
      thread.on("exit", () => this.#end());
      return thread;
    } catch {
      // No thread is to be had, here and now: that costs time and nothing else.
      this.#isOver = true;
      return undefined;
    }
  }

  #answered(hash: BlockHash): void {
    this.#open.shift()?.resolve(hash);
    if (this.#open.length === 0) this.#thread?.unref();
  }

  /** What it was asked for and did not answer is done here. */
  #end(): void {
    this.#isOver = true;
    this.#thread = undefined;
    for (const { bytes, resolve } of this.#open.splice(0)) resolve(hashBlock(bytes));
  }
}
