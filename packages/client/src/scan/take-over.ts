import type { NodeId } from "@ashlar/shared/ids";
import { type Disk, DiskError, type RelativePath } from "../ports.ts";
import { joinPath, pathOf, spellingOf } from "./path.ts";
import type { LocalView } from "./types.ts";
import type { Entry } from "./vet.ts";

/** Of a folder's known children so many are looked for where it stands now. */
const samplesMax = 8;

/**
 * Recognises folders that were moved without listing what is in them, so that the move of a folder takes no longer the
 * more there is in it. Inodes are used again: some of what was in the folder has to be in it still.
 */
export class TakeOver {
  readonly #disk: Pick<Disk, "stat">;
  readonly #view: LocalView;
  readonly #root: NodeId;
  readonly taken = new Set<NodeId>();
  /** Rules were taken in that a second scan will not find changed. */
  hasNewRules = false;

  constructor(disk: Pick<Disk, "stat">, view: LocalView, root: NodeId) {
    this.#disk = disk;
    this.#view = view;
    this.#root = root;
  }

  /** `entry` stands where the local tree has something else, or nothing. */
  async takes({ path, stat: { inode } }: Entry): Promise<boolean> {
    const node = this.#view.byInode(inode);
    // Of another disk, what is in it may be hidden.
    if (node?.kind !== "folder" || inode.includes(":")) return false;
    const before = pathOf(this.#view, this.#root, node);
    if (before === undefined || (await this.#inodeAt(before)) === inode) return false;
    const samples = this.#view.some(node.id, samplesMax);
    for (const child of samples) if ((await this.#inodeAt(joinPath(path, spellingOf(child)))) !== child.stat.inode) return false;
    if (samples.length > 0) this.taken.add(node.id);
    return samples.length > 0;
  }

  /** Undefined where nothing can be seen: then the scan looks, and says why. */
  async #inodeAt(path: RelativePath): Promise<string | undefined> {
    try {
      return (await this.#disk.stat(path))?.inode;
    } catch (error) {
      if (error instanceof DiskError) return undefined;
      throw error;
    }
  }
}
