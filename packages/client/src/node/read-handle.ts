import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DiskError, type ReadHandle, type RelativePath, type Stat } from "../ports.ts";
import { attemptAsync } from "./errno.ts";
import type { Root } from "./root.ts";

/** Opens a regular file for reading at any position. Without waiting: a FIFO put there meanwhile would hold us for ever. */
export async function openToRead(root: Root, path: RelativePath): Promise<ReadHandle> {
  const absolute = root.guard(path);
  const handle = await attemptAsync(path, () => open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  const reader = new NodeReadHandle(root, path, handle);
  try {
    if ((await reader.stat()).kind !== "file") throw new DiskError("changed", path);
    return reader;
  } catch (error) {
    await reader[Symbol.asyncDispose]();
    throw error;
  }
}

class NodeReadHandle implements ReadHandle {
  readonly #root: Root;
  readonly #path: RelativePath;
  readonly #handle: FileHandle;

  constructor(root: Root, path: RelativePath, handle: FileHandle) {
    this.#root = root;
    this.#path = path;
    this.#handle = handle;
  }

  async stat(): Promise<Stat> {
    return attemptAsync(this.#path, async () => this.#root.toStat(await this.#handle.stat({ bigint: true })));
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    const { bytesRead } = await attemptAsync(this.#path, () => this.#handle.read(into, 0, into.length, offset));
    return bytesRead;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await attemptAsync(this.#path, () => this.#handle.close());
  }
}
