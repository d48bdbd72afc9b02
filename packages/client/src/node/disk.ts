import {
  chmodSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { linkTargetBytesMax } from "@ashlar/shared/limits";
import { type DirEntry, type Disk, DiskError, type Draft, type Expected, type ReadHandle, type RelativePath, type Stat } from "../ports.ts";
import { type Bench, moveToAbsent, openDraft } from "./draft.ts";
import { attempt, attemptAsync, errnoOf, toDiskError } from "./errno.ts";
import { FlushQueue } from "./flush-queue.ts";
import { listFolder } from "./listing.ts";
import { readMarker, writeMarker } from "./marker.ts";
import { openToRead } from "./read-handle.ts";
import { Root } from "./root.ts";
import { Temporaries } from "./temporaries.ts";

/**
 * The synced folder at an absolute path, on this machine's disk. Whatever a method changed is on the disk for good when
 * it resolves: the database may rely on it after a power cut.
 */
export function openDisk(root: string): Disk {
  return new NodeDisk(new Root(root));
}

class NodeDisk implements Disk {
  readonly #root: Root;
  readonly #bench: Bench;
  readonly #flushes = new FlushQueue();

  constructor(root: Root) {
    this.#root = root;
    this.#bench = { root, temporaries: new Temporaries(root), flushes: this.#flushes };
  }

  async stat(path: RelativePath): Promise<Stat | undefined> {
    return this.#root.stat(path);
  }

  async list(path: RelativePath): Promise<DirEntry[]> {
    return listFolder(this.#root, path);
  }

  async open(path: RelativePath): Promise<ReadHandle> {
    return openToRead(this.#root, path);
  }

  async readLink(path: RelativePath): Promise<Uint8Array> {
    const absolute = this.#root.guard(path);
    const stat = this.#root.statAt(path, absolute);
    if (stat === undefined) throw new DiskError("absent", path);
    if (stat.kind !== "symlink") throw new DiskError("changed", path);
    return attempt(path, () => readlinkSync(absolute, { encoding: "buffer" }));
  }

  async draft(): Promise<Draft> {
    return openDraft(this.#bench);
  }

  async makeFolder(path: RelativePath, mode: number): Promise<Stat> {
    const absolute = this.#root.expect(path, "absent");
    const stat = attempt(path, () => {
      mkdirSync(absolute);
      // The person's umask is for what the person makes: this folder has its mode from elsewhere.
      chmodSync(absolute, mode & 0o777);
      return this.#present(path, absolute);
    });
    return this.#flushed(path, stat, absolute);
  }

  async makeLink(path: RelativePath, target: Uint8Array, expected: Expected): Promise<Stat> {
    if (target.length > linkTargetBytesMax) throw new DiskError("bad-name", path);
    const bytes = Buffer.from(target);
    if (expected === "absent") {
      const absolute = this.#root.expect(path, expected);
      attempt(path, () => symlinkSync(bytes, absolute));
      return this.#flushed(path, this.#present(path, absolute), absolute);
    }
    const temporary = this.#bench.temporaries.acquire();
    try {
      const absolute = this.#root.expect(path, expected);
      attempt(path, () => {
        symlinkSync(bytes, temporary);
        renameOrRemove(temporary, absolute);
      });
      return await this.#flushed(path, this.#present(path, absolute), absolute);
    } finally {
      this.#bench.temporaries.release();
    }
  }

  async setMode(path: RelativePath, mode: number, expected: Stat): Promise<Stat> {
    const absolute = this.#root.expect(path, expected);
    return attemptAsync(path, async () => {
      // By descriptor, so that no link put there meanwhile leads the change out of the root (I6).
      await using handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        undefinedIfUnreadable,
      );
      this.#root.expect(path, expected);
      if (handle === undefined) {
        chmodSync(absolute, mode & 0o777);
        return this.#present(path, absolute);
      }
      if (this.#statOf(handle.fd).inode !== expected.inode) throw new DiskError("changed", path);
      fchmodSync(handle.fd, mode & 0o777);
      const stat = this.#statOf(handle.fd);
      await handle.sync();
      return { ...stat, size: expected.size, mtimeNs: expected.mtimeNs };
    });
  }

  async move(from: RelativePath, to: RelativePath, expected: Stat): Promise<Stat> {
    const source = this.#root.expect(from, expected);
    const target = this.#root.guard(to);
    const occupant = this.#root.statAt(to, target);
    attempt(to, () => {
      if (occupant === undefined && expected.kind !== "folder") moveToAbsent(source, target);
      // Over another folder, if one was made this very moment, the system refuses unless it is empty.
      else if (occupant === undefined || isOtherSpelling(from, to, occupant, expected)) renameSync(source, target);
      // The rest of a move that a crash cut short between its two names.
      else if (expected.kind !== "folder" && occupant.inode === expected.inode) unlinkSync(source);
      else throw new DiskError("changed", to);
    });
    return this.#flushed(to, { ...this.#present(to, target), size: expected.size, mtimeNs: expected.mtimeNs }, source, target);
  }

  async remove(path: RelativePath, expected: Stat): Promise<void> {
    const absolute = this.#root.expect(path, expected);
    attempt(path, () => unlinkSync(absolute));
    await this.#flushed(path, undefined, absolute);
  }

  async removeFolder(path: RelativePath): Promise<void> {
    const absolute = this.#root.guard(path);
    if (path === "") throw new DiskError("outside", path);
    attempt(path, () => rmdirSync(absolute));
    await this.#flushed(path, undefined, absolute);
  }

  async readMarker(): Promise<string | undefined> {
    return readMarker(this.#root);
  }

  async writeMarker(text: string): Promise<void> {
    await writeMarker(this.#bench, text);
  }

  #statOf(descriptor: number): Stat {
    return this.#root.toStat(fstatSync(descriptor, { bigint: true }));
  }

  #present(path: RelativePath, absolute: string): Stat {
    const stat = this.#root.statAt(path, absolute);
    if (stat === undefined) throw new DiskError("changed", path);
    return stat;
  }

  /** Hands the result on once the folders of the given absolute paths are flushed. */
  async #flushed<T>(path: RelativePath, result: T, ...changed: readonly string[]): Promise<T> {
    const folders = new Set(changed.map((absolute) => dirname(absolute)));
    await attemptAsync(path, () => Promise.all([...folders].map((folder) => this.#flushes.flush(folder))));
    return result;
  }
}

function renameOrRemove(temporary: string, target: string): void {
  try {
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

function undefinedIfUnreadable(error: unknown): undefined {
  if (errnoOf(error) !== "EACCES") throw toDiskError(error, "");
}

const fold = (path: RelativePath): string => path.normalize("NFC").toLowerCase();

/** The same entry under a name that differs by case or Unicode form only, on a disk that does not tell them apart. */
function isOtherSpelling(from: RelativePath, to: RelativePath, occupant: Stat, expected: Stat): boolean {
  return from !== to && occupant.inode === expected.inode && fold(from) === fold(to);
}
