import { constants } from "node:fs";
import { errnoOf } from "./errno.ts";
import { OpenFile } from "./open-file.ts";

type Slot = { queued: Promise<void> | undefined; readonly running: Promise<void> };

/** The folder is gone, or cannot be flushed on this file system or by this person: nothing more can be promised. */
const beyondFlushing = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EINVAL"]);

/**
 * Makes renames durable: fsync of the folder they happened in. A flush that is already running may have started before
 * the caller's rename, so the caller waits for the next one, and shares it with everybody who comes meanwhile. However
 * many files are placed in a folder at once, each waits for at most two flushes.
 */
export class FlushQueue {
  readonly #slots = new Map<string, Slot>();

  /** Resolves when what happened in the folder (an absolute path) before this call is on the disk. */
  flush(folder: string): Promise<void> {
    const slot = this.#slots.get(folder);
    if (slot === undefined) return this.#start(folder);
    // The failure of the running flush is its own callers' to hear.
    slot.queued ??= slot.running.then(
      () => this.#start(folder),
      () => this.#start(folder),
    );
    return slot.queued;
  }

  #start(folder: string): Promise<void> {
    const running = flushFolder(folder).finally(() => {
      if (this.#slots.get(folder)?.queued === undefined) this.#slots.delete(folder);
    });
    this.#slots.set(folder, { running, queued: undefined });
    return running;
  }
}

async function flushFolder(folder: string): Promise<void> {
  try {
    await using opened = new OpenFile(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    await opened.flush();
  } catch (error) {
    if (!beyondFlushing.has(errnoOf(error) ?? "")) throw error;
  }
}
