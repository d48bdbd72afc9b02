import { closeSync, fdatasync, fsync, openSync, read, readSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { letOthersTurn } from "./event-loop.ts";

/** So few bytes the system copies in less time than the way to a thread of the pool and back takes (decision 64). */
const atOnceBytesMax = 64 * 1024;

const readLater = promisify(read);
const writeLater = promisify(write);
const flushLater = promisify(fsync);
const flushContentLater = promisify(fdatasync);

/**
 * A file by its descriptor, for whatever `fs` does with one. Little is read and written at once, much on a thread of the pool,
 * where flushes are done too. Errors are the system's.
 */
export class OpenFile implements AsyncDisposable {
  readonly descriptor: number;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(absolute: string, flags: number, mode?: number) {
    this.descriptor = openSync(absolute, flags, mode);
  }

  /** Up to `into.length` bytes at the offset; the count read, 0 at the end. */
  async read(into: Uint8Array, offset: number): Promise<number> {
    if (into.length <= atOnceBytesMax) {
      await letOthersTurn();
      return readSync(this.descriptor, into, 0, into.length, offset);
    }
    const { bytesRead } = await this.#later(readLater(this.descriptor, into, 0, into.length, offset));
    return bytesRead;
  }

  /** All of it. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await letOthersTurn();
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      if (left <= atOnceBytesMax) done += writeSync(this.descriptor, bytes, done, left, offset + done);
      else done += (await this.#later(writeLater(this.descriptor, bytes, done, left, offset + done))).bytesWritten;
    }
  }

  /** Resolves when content and what the system knows of the file are on the disk. */
  async flush(): Promise<void> {
    await this.#later(flushLater(this.descriptor));
  }

  /** Resolves when the content is on the disk. */
  async flushContent(): Promise<void> {
    await this.#later(flushContentLater(this.descriptor));
  }

  /** After what is under way: the number of a closed descriptor is soon another file's. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.descriptor);
  }

  #later<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }
}
