import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { DiskError } from "../ports.ts";
import { attempt, errnoOf } from "./errno.ts";
import { ownFolder, Root } from "./root.ts";

const folderName = "tmp";

/**
 * `.ashlar/tmp`, where files are assembled: on the same file system as their targets, so that a rename is enough. It is
 * there only while something is in it, so that two synced folders are equal to the last name.
 */
export class Temporaries {
  readonly #root: Root;
  /** No other process has it: two of them may share a folder for a moment. */
  readonly #prefix = randomBytes(12).toString("hex");
  #made = 0;
  #inUse = 0;

  constructor(root: Root) {
    this.#root = root;
  }

  /** A fresh absolute path for one file; {@link release} must follow. */
  acquire(): string {
    const path = attempt(`${ownFolder}/${folderName}`, () => {
      const name = `${this.#prefix}-${++this.#made}`;
      try {
        return this.#root.guardOwn(folderName, name);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      makeIfAbsent(this.#root.guardOwn());
      makeIfAbsent(this.#root.guardOwn(folderName));
      return this.#root.guardOwn(folderName, name);
    });
    this.#inUse++;
    return path;
  }

  /** The file at an acquired path is gone. */
  release(): void {
    this.#inUse--;
    if (this.#inUse > 0) return;
    attempt(`${ownFolder}/${folderName}`, () => {
      try {
        // Counting and removing in one breath: no other draft can come between.
        rmdirSync(this.#root.guardOwn(folderName));
      } catch (error) {
        if (!isGone(error) && errnoOf(error) !== "ENOTEMPTY") throw error;
      }
    });
  }
}

/**
 * Removes what a crash left in `.ashlar/tmp`. To be called at start, when no other client works on this folder.
 * Nothing a person saved is ever there: drafts hold what came from the edge.
 */
export function sweepTemporaries(root: string): void {
  const place = new Root(root);
  attempt(`${ownFolder}/${folderName}`, () => {
    try {
      const folder = place.guardOwn(folderName);
      // Each name is guarded and removed by itself: a link among them goes, what it points to stays (I6).
      for (const name of readdirSync(folder)) rmSync(place.guardOwn(folderName, name), { recursive: true });
      rmdirSync(folder);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  });
}

function makeIfAbsent(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

function isGone(error: unknown): boolean {
  return errnoOf(error) === "ENOENT" || (error instanceof DiskError && error.code === "absent");
}
