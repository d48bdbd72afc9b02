import { type FSWatcher, lstatSync, readFileSync, watch } from "node:fs";
import { basename, join } from "node:path";
import type { RelativePath, WatchEvents, Watcher } from "../ports.ts";
import { errnoOf } from "./errno.ts";
import { WatchTree } from "./watch-tree.ts";

/** inotify's default, for systems that do not say. */
const queuedEventsDefault = 16_384;

/** The part of `fs.watch` that is used; tests hand in one that fails. */
export type WatchFolder = (absolute: string, onEvent: (type: "rename" | "change", name: string | null) => void) => FSWatcher;

export type WatcherOptions = {
  readonly watchFolder?: WatchFolder;
  /** Events the system keeps while nobody reads them; the rest is lost without a word. */
  readonly queuedEventsMax?: number;
};

type Armed = { readonly path: RelativePath; readonly watcher: FSWatcher; readonly inode: bigint };

/**
 * Watches single folders below an absolute path. One `fs.watch` per folder: recursive watching on Linux costs a watch
 * and a second of CPU per few hundred files, and the usual libraries miss writes below moved folders (measured).
 */
export function openWatcher(root: string, events: WatchEvents, options: WatcherOptions = {}): Watcher {
  return new FolderWatcher(root, events, options.watchFolder ?? watchFolder, options.queuedEventsMax ?? readQueuedEventsMax());
}

class FolderWatcher implements Watcher {
  readonly #root: string;
  readonly #events: WatchEvents;
  readonly #watchFolder: WatchFolder;
  readonly #burstMax: number;
  readonly #armed = new WatchTree<Armed>();
  readonly #dirty = new Set<RelativePath>();
  readonly #unwatched = new Set<RelativePath>();
  #eventsThisTurn = 0;
  #turnScheduled = false;
  #limited = false;
  #closed = false;

  constructor(root: string, events: WatchEvents, folderWatch: WatchFolder, queuedEventsMax: number) {
    this.#root = root;
    this.#events = events;
    this.#watchFolder = folderWatch;
    // An overflow is silent in Node. Half a queue between two turns of the event loop means that it may have been full.
    this.#burstMax = Math.ceil(queuedEventsMax / 2);
  }

  get unwatched(): number {
    return this.#unwatched.size;
  }

  add(path: RelativePath): void {
    if (this.#closed) return;
    const inode = this.#inodeOf(path);
    if (inode === undefined) {
      this.#forget(path);
      return;
    }
    // Another folder took this name: the old watch has gone with the old folder.
    if (this.#armed.get(path)?.inode === inode) return;
    this.#forget(path);
    try {
      const watcher = this.#watchFolder(join(this.#root, path), (type, name) => this.#noticed(path, type, name));
      watcher.on("error", (error) => this.#failed(path, error));
      this.#armed.set(path, { path, watcher, inode });
      this.#limited = false;
    } catch (error) {
      this.#failed(path, error);
    }
  }

  remove(path: RelativePath): void {
    this.#forget(path);
    // The next that finds none left is news again.
    if (this.#unwatched.size === 0) this.#limited = false;
  }

  #forget(path: RelativePath): void {
    this.#unwatched.delete(path);
    for (const { watcher } of this.#armed.take(path)) watcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.remove("");
  }

  #noticed(path: RelativePath, type: "rename" | "change", name: string | null): void {
    if (this.#closed) return;
    this.#dirty.add(path);
    this.#eventsThisTurn++;
    // The end of the folder itself is told under its own name. Whether it stands there again does not count: inodes are
    // used again, and the watch of a deleted one is deaf. An entry that bears its folder's name costs a look too many.
    if (type === "rename" && (name === null || name === basename(join(this.#root, path)))) this.#drop(path);
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#endTurn());
  }

  /**
   * The folder was deleted or moved away: its watch, and those below, are deaf or would report under the old path. Should
   * it be there again at the next scan, what happened meanwhile was not told, so each is to be looked at and armed anew.
   */
  #drop(path: RelativePath): void {
    for (const armed of this.#armed.take(path)) {
      armed.watcher.close();
      this.#dirty.add(armed.path);
    }
  }

  #endTurn(): void {
    const burst = this.#eventsThisTurn >= this.#burstMax;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    this.#eventsThisTurn = 0;
    this.#turnScheduled = false;
    if (this.#closed) return;
    for (const path of dirty) this.#events.dirty(path);
    if (burst) this.#events.lost("overflow");
  }

  #failed(path: RelativePath, error: unknown): void {
    if (this.#closed) return;
    this.#forget(path);
    const code = errnoOf(error);
    // It vanished between the look and the watch; its parent's watch tells of it.
    if (code === "ENOENT" || code === "ENOTDIR") return;
    if (code === "ENOSPC" || code === "EMFILE" || code === "ENFILE") {
      this.#unwatched.add(path);
      if (!this.#limited) this.#events.lost("limit");
      this.#limited = true;
    } else {
      this.#events.lost("error");
    }
  }

  /** Undefined unless a real folder is there: a link is not followed. */
  #inodeOf(path: RelativePath): bigint | undefined {
    try {
      const stats = lstatSync(join(this.#root, path), { bigint: true });
      return stats.isDirectory() || path === "" ? stats.ino : undefined;
    } catch {
      // Unreadable or gone: either way there is nothing to watch, and the scan says why.
      return undefined;
    }
  }
}

function watchFolder(absolute: string, onEvent: Parameters<WatchFolder>[1]): FSWatcher {
  return watch(absolute, { persistent: false }, (type, name) => onEvent(type === "rename" ? type : "change", name));
}

function readQueuedEventsMax(): number {
  try {
    const events = Number.parseInt(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"), 10);
    return events > 0 ? events : queuedEventsDefault;
  } catch {
    // Not Linux, or /proc is hidden: the guess only decides when to look at everything once more.
    return queuedEventsDefault;
  }
}
