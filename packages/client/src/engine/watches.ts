/** Keeps the watches on the folders of this disk, as the engine itself makes, moves and removes them. */
import type { NodeId } from "@ashlar/shared/ids";
import type { RelativePath, Watcher } from "../ports.ts";
import type { Trees } from "../trees/trees.ts";
import { Unrest } from "./unrest.ts";

export class Watches {
  /** What they told. */
  readonly unrest = new Unrest();
  #watcher: Watcher | undefined;

  use(watcher: Watcher | undefined): void {
    this.#watcher = watcher;
  }

  get unwatched(): number {
    return this.#watcher?.unwatched ?? 0;
  }

  add(path: RelativePath): void {
    this.#watcher?.add(path);
  }

  remove(path: RelativePath): void {
    this.#watcher?.remove(path);
  }

  /** A folder, with all below it, now stands elsewhere. */
  moved(trees: Trees, id: NodeId, from: RelativePath, to: RelativePath): void {
    if (this.#watcher === undefined) return;
    this.unrest.moved(from, to);
    this.#follow(trees, id, from, to);
  }

  #follow(trees: Trees, id: NodeId, from: RelativePath, to: RelativePath): void {
    this.remove(from);
    this.add(to);
    for (const child of trees.local.folders(id)) {
      const name = child.spelling ?? child.name;
      this.#follow(trees, child.id, `${from}/${name}`, `${to}/${name}`);
    }
  }
}
