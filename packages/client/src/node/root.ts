import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { sep } from "node:path";
import { DiskError, type Expected, type RelativePath, type Stat } from "../ports.ts";
import { meets } from "../stat.ts";
import { attempt, errnoOf } from "./errno.ts";

/** Ashlar's own corner of a synced folder: the marker and the files being assembled. */
export const ownFolder = ".ashlar";

/**
 * The synced folder's place on this machine, and the only maker of absolute paths below it.
 *
 * Node has no openat, so a path is checked name by name and then used as a whole. The checks here are synchronous, and
 * so is whatever changes the disk after them: microseconds lie between the look and the deed, where the thread pool
 * would put them behind other files' flushes (I5, I6).
 */
export class Root {
  readonly absolute: string;
  #device = 0n;
  #seen = "";
  #pinned: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(absolute: string) {
    this.absolute = absolute;
  }

  /** The absolute path of an entry, after every folder above it was seen to be a real folder. */
  guard(path: RelativePath): string {
    const names = path === "" ? [] : path.split("/");
    if (names[0] === ownFolder) throw new DiskError("bad-name", path);
    return this.#walk(path, names);
  }

  /** As {@link guard}, for a path inside `.ashlar`. */
  guardOwn(...names: readonly string[]): string {
    const path = [ownFolder, ...names];
    return this.#walk(path.join("/"), path);
  }

  /** What stands at the path: lstat, undefined when there is nothing. */
  stat(path: RelativePath): Stat | undefined {
    try {
      return this.statAt(path, this.guard(path));
    } catch (error) {
      if (error instanceof DiskError && error.code === "absent") return undefined;
      throw error;
    }
  }

  /** The absolute path, if what stands there is still what the caller decided upon. */
  expect(path: RelativePath, expected: Expected): string {
    const absolute = this.guard(path);
    if (!meets(this.statAt(path, absolute), expected)) throw new DiskError("changed", path);
    return absolute;
  }

  /**
   * From here on, only the folder that stands there now is the synced one: what takes its name (the mount point, when its
   * disk is gone) is not written to, and its emptiness says nothing (I6).
   */
  pin(): void {
    this.#pinned = undefined;
    this.statRoot();
    this.#pinned = this.#seen;
  }

  /** Long looks at the disk one after the other: side by side they would end no sooner, and hold more at once. */
  async inTurn<Found>(work: () => Promise<Found>): Promise<Found> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  /** The synced folder itself. It alone may be a symbolic link: the person named it. */
  statRoot(): Stat {
    const stats = look("", () => statSync(this.absolute, { bigint: true, throwIfNoEntry: false }));
    if (stats === undefined || !stats.isDirectory()) throw new DiskError("root-gone", "");
    this.#seen = `${stats.dev}:${stats.ino}`;
    if (this.#pinned !== undefined && this.#pinned !== this.#seen) throw new DiskError("root-gone", "");
    this.#device = stats.dev;
    return this.toStat(stats);
  }

  /** lstat of a path that {@link guard} gave. */
  statAt(path: RelativePath, absolute: string): Stat | undefined {
    if (path === "") return this.statRoot();
    const stats = lookAt(path, absolute);
    return stats === undefined ? undefined : this.toStat(stats);
  }

  toStat(stats: BigIntStats): Stat {
    return {
      kind: kindOf(stats),
      size: Number(stats.size),
      mtimeNs: String(stats.mtimeNs),
      ctimeNs: String(stats.ctimeNs),
      // Inodes are unique on one device only, and a folder may have others mounted below it.
      inode: stats.dev === this.#device ? String(stats.ino) : `${stats.dev}:${stats.ino}`,
      mode: Number(stats.mode & 0o777n),
      bornMs: Number(stats.birthtimeMs),
    };
  }

  #walk(path: RelativePath, names: readonly string[]): string {
    this.statRoot();
    let absolute = this.absolute;
    for (const [depth, name] of names.entries()) {
      if (name === "" || name === "." || name === "..") throw new DiskError("outside", path);
      if (name.includes("\0") || !name.isWellFormed()) throw new DiskError("bad-name", path);
      if (depth > 0) checkFolder(path, absolute);
      // What `join` would do with a name that was just checked, without the garbage: this runs several times for each file.
      absolute = `${absolute}${sep}${name}`;
    }
    return absolute;
  }
}

function checkFolder(path: RelativePath, absolute: string): void {
  const stats = look(path, () => lstatSync(absolute, { throwIfNoEntry: false }));
  if (stats?.isSymbolicLink()) throw new DiskError("outside", path);
  if (!stats?.isDirectory()) throw new DiskError("absent", path);
}

function lookAt(path: RelativePath, absolute: string): BigIntStats | undefined {
  return look(path, () => lstatSync(absolute, { bigint: true, throwIfNoEntry: false }));
}

function look<Found>(path: RelativePath, stat: () => Found | undefined): Found | undefined {
  return attempt(path, () => {
    try {
      return stat();
    } catch (error) {
      // A parent became a file: there is nothing below it.
      if (errnoOf(error) === "ENOTDIR") return undefined;
      throw error;
    }
  });
}

function kindOf(stats: BigIntStats): Stat["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  return stats.isSymbolicLink() ? "symlink" : "other";
}
