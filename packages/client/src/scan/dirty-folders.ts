import type { NodeId } from "@ashlar/shared/ids";
import { type Disk, DiskError, type RelativePath, type Stat } from "../ports.ts";
import { comparePaths, joinPath, spellingOf } from "./path.ts";
import type { Hindrance, LocalNode, LocalView } from "./types.ts";
import { unreadable } from "./unreadable.ts";
import type { Visit } from "./walk.ts";

type Intact = { readonly path: RelativePath; readonly id: NodeId };

/**
 * Where to look for paths that a watcher named: the deepest folder on the way to each that is still the one the local
 * tree knows. Below a folder that was moved, replaced or made since, only its parent can tell what has become of it.
 */
export class DirtyFolders {
  readonly #disk: Pick<Disk, "stat">;
  readonly #view: LocalView;
  readonly #root: NodeId;
  readonly #stats = new Map<RelativePath, Promise<Stat | undefined>>();
  readonly hindrances: Hindrance[] = [];

  constructor(disk: Pick<Disk, "stat">, view: LocalView, root: NodeId) {
    this.#disk = disk;
    this.#view = view;
    this.#root = root;
  }

  /** `deep`: those of the paths below which everything is to be looked at. */
  async visits(paths: ReadonlySet<RelativePath>, deep: ReadonlySet<RelativePath>): Promise<Visit[]> {
    const visits = new Map<RelativePath, Visit>();
    for (const path of [...paths].toSorted(comparePaths)) {
      const { path: intact, id } = await this.#deepestIntact(path);
      const isDeep = visits.get(intact)?.deep === true || (intact === path && deep.has(path));
      visits.set(intact, { path: intact, id, inode: undefined, deep: isDeep });
    }
    return [...visits.values()];
  }

  async #deepestIntact(path: RelativePath): Promise<Intact> {
    let at: Intact = { path: "", id: this.#root };
    for (const name of path === "" ? [] : path.split("/")) {
      const child = this.#childFolder(at.id, name);
      if (child === undefined) return at;
      const childPath = joinPath(at.path, spellingOf(child));
      if (!(await this.#isThere(childPath, child))) return at;
      at = { path: childPath, id: child.id };
    }
    return at;
  }

  /** A folder of our own making is watched under the name we gave it: a disk that decomposes names lists it in another form. */
  #childFolder(folder: NodeId, spelling: string): LocalNode | undefined {
    const folders = this.#view.folders(folder);
    return folders.find((node) => spellingOf(node) === spelling) ?? folders.find(({ name }) => name === spelling.normalize("NFC"));
  }

  /** By kind as well: inodes are used again, also by a link that takes a folder's place. */
  async #isThere(path: RelativePath, folder: LocalNode): Promise<boolean> {
    const look = this.#stats.get(path) ?? this.#look(path);
    this.#stats.set(path, look);
    const stat = await look;
    return stat?.kind === "folder" && stat.inode === folder.stat.inode;
  }

  async #look(path: RelativePath): Promise<Stat | undefined> {
    try {
      return await this.#disk.stat(path);
    } catch (error) {
      const hindrance = unreadable(path, error);
      // Its parent is looked at in its stead, and tells if it was replaced; else what is below it stays unknown.
      if (error instanceof DiskError && error.code !== "outside") this.hindrances.push(hindrance);
      return undefined;
    }
  }
}
