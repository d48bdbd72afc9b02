import { constants, fchmodSync, fstatSync, ftruncateSync, futimesSync, linkSync, renameSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { Draft, Expected, RelativePath, Stat } from "../ports.ts";
import { attempt, attemptAsync, errnoOf } from "./errno.ts";
import type { FlushQueue } from "./flush-queue.ts";
import { WrittenMap, runsToWrite } from "./holes.ts";
import { OpenFile } from "./open-file.ts";
import type { Root } from "./root.ts";
import type { Temporaries } from "./temporaries.ts";

/** What this file system cannot do with hard links, it may still do with a rename. */
const linkRefused = new Set(["EPERM", "EACCES", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EMLINK"]);

const earlyFlushBytes = 64 * 1024 * 1024;

/** Where drafts belong. */
export type Bench = { readonly root: Root; readonly temporaries: Temporaries; readonly flushes: FlushQueue };

/** A new file under `.ashlar/tmp`, readable by its owner only until it is placed. */
export async function openDraft(bench: Bench): Promise<Draft> {
  const temporary = bench.temporaries.acquire();
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new NodeDraft(
      bench,
      temporary,
      attempt("", () => new OpenFile(temporary, flags, 0o600)),
    );
  } catch (error) {
    bench.temporaries.release();
    throw error;
  }
}

class NodeDraft implements Draft {
  readonly #bench: Bench;
  readonly #temporary: string;
  readonly #file: OpenFile;
  readonly #written = new WrittenMap();
  #unflushedBytes = 0;
  #flushing: Promise<unknown> = Promise.resolve();
  #placed = false;

  constructor(bench: Bench, temporary: string, file: OpenFile) {
    this.#bench = bench;
    this.#temporary = temporary;
    this.#file = file;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await attemptAsync("", async () => {
      for (const run of runsToWrite(bytes, offset, this.#written))
        await this.#file.write(bytes.subarray(run.start, run.end), offset + run.start);
    });
    this.#flushEarly(bytes.length);
  }

  async place(path: RelativePath, options: { mode: number; mtimeMs: number; size: number; expected: Expected }): Promise<Stat> {
    const { root, flushes } = this.#bench;
    return attemptAsync(path, async () => {
      const { descriptor } = this.#file;
      ftruncateSync(descriptor, options.size);
      fchmodSync(descriptor, options.mode & 0o777);
      const time = toFileTime(options.mtimeMs);
      futimesSync(descriptor, time, time);
      await this.#flushing;
      await this.#file.flush();
      const flushed = this.#stat();

      const target = root.expect(path, options.expected);
      if (options.expected === "absent") moveToAbsent(this.#temporary, target);
      else renameSync(this.#temporary, target);
      this.#placed = true;
      const placed = this.#stat();

      await flushes.flush(dirname(target));
      // A writer that was at it the moment it appeared must differ from what is returned, or its change is never seen (I5).
      return { ...placed, size: flushed.size, mtimeNs: flushed.mtimeNs };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#flushing]);
    try {
      await attemptAsync("", () => this.#file[Symbol.asyncDispose]());
      if (!this.#placed) attempt("", () => unlinkSync(this.#temporary));
    } finally {
      this.#bench.temporaries.release();
    }
  }

  /** The disk writes while the network brings more, so that little is left to wait for at the end. */
  #flushEarly(bytes: number): void {
    this.#unflushedBytes += bytes;
    if (this.#unflushedBytes < earlyFlushBytes) return;
    this.#unflushedBytes = 0;
    this.#flushing = this.#flushing.then(() => this.#file.flushContent());
    // The system tells of a failed flush once: it is kept for `place`, which waits for it (I6).
    this.#flushing.catch(() => undefined);
  }

  #stat(): Stat {
    return this.#bench.root.toStat(fstatSync(this.#file.descriptor, { bigint: true }));
  }
}

/**
 * Gives a file another absolute path at which nothing may stand. Node cannot rename without overwriting, but it can
 * link: a file that a person saves there this moment is not lost (I5). A crash between the two calls leaves both names.
 * Where the file system has no hard links, a rename it is, microseconds after the caller saw the place empty.
 */
export function moveToAbsent(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!linkRefused.has(errnoOf(error) ?? "")) throw error;
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

/**
 * Node takes file times as seconds in a double, which lies up to 0.2 µs beside a whole millisecond and is cut off, not
 * rounded: half a microsecond more keeps the millisecond. It takes negative numbers for "now", but a Date as it is.
 */
function toFileTime(ms: number): number | Date {
  return ms < 0 ? new Date(ms) : ms / 1000 + 0.000_000_5;
}
