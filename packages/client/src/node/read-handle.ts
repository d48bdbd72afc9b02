import { constants, fstatSync } from "node:fs";
import { DiskError, type ReadHandle, type RelativePath, type Stat } from "../ports.ts";
import { attempt, attemptAsync } from "./errno.ts";
import { OpenFile } from "./open-file.ts";
import type { Root } from "./root.ts";

/** Opens a regular file for reading at any position. Without waiting: a FIFO put there meanwhile would hold us for ever. */
export async function openToRead(root: Root, path: RelativePath): Promise<ReadHandle> {
  const absolute = root.guard(path);
  const file = attempt(path, () => new OpenFile(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  const reader = new NodeReadHandle(root, path, file);
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
  readonly #file: OpenFile;

  constructor(root: Root, path: RelativePath, file: OpenFile) {
    this.#root = root;
    this.#path = path;
    this.#file = file;
  }

  async stat(): Promise<Stat> {
    return attempt(this.#path, () => this.#root.toStat(fstatSync(this.#file.descriptor, { bigint: true })));
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    return attemptAsync(this.#path, () => this.#file.read(into, offset));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await attemptAsync(this.#path, () => this.#file[Symbol.asyncDispose]());
  }
}
