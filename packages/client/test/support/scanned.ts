import { rootId } from "@ashlar/shared/ids";
import type { Disk, RelativePath } from "../../src/ports.ts";
import { loadIgnore } from "../../src/scan/ignore.ts";
import { scan } from "../../src/scan/scan.ts";
import type { Hindrance, ScanResult } from "../../src/scan/types.ts";
import { MemoryTree } from "./memory-tree.ts";
import { View, idSequence } from "./view.ts";

/** A folder in memory together with what scans have seen of it. */
export class Scanned {
  readonly tree = new MemoryTree();
  readonly view = new View();
  readonly listed: RelativePath[] = [];
  /** The tree itself, until a test puts something in front of it. */
  disk: Pick<Disk, "stat" | "list" | "open"> = this.tree;
  /** Whether the next scans may recognise folders that were moved without looking into them. */
  takesOver = false;
  /** What hindered the last full scan. */
  #waiting: readonly Hindrance[] = [];
  readonly #newId = idSequence();
  #ignore = loadIgnore({ stat: (path) => this.disk.stat(path), open: (path) => this.disk.open(path) });

  /** As if the client had been started again. */
  restart(): void {
    this.#ignore = loadIgnore(this.disk);
  }

  /** Looks, and writes down what it saw. Time passes, so that nothing is racy unless the test says so. */
  async scan(folders: "all" | readonly RelativePath[] = "all", passMs = 10_000, deep: readonly RelativePath[] = []): Promise<ScanResult> {
    this.listed.length = 0;
    this.tree.pass(passMs);
    const result = await scan({
      disk: this.disk,
      view: this.view,
      rootId,
      folders: folders === "all" ? folders : new Set(folders),
      deep: new Set(deep),
      takesOver: this.takesOver,
      waiting: this.#waiting,
      ignore: this.#ignore,
      newId: this.#newId,
      onFolder: (path) => this.listed.push(path),
    });
    this.view.apply(result.observations, this.tree.nowMs);
    if (folders === "all") this.#waiting = result.hindrances.filter(({ reason }) => reason !== "moved-away");
    return result;
  }

  /** Looks into what was taken over. */
  async scanUnseen(unseen: ScanResult["unseen"]): Promise<ScanResult> {
    const paths = [...this.view.tree()].filter(([, { id }]) => unseen.includes(id)).map(([path]) => path);
    return this.scan(paths, 10_000, paths);
  }

  /** The observations in short: type and path, as the view has them after the scan. */
  async seen(folders: "all" | readonly RelativePath[] = "all"): Promise<string[]> {
    const before = this.view.tree();
    const { observations } = await this.scan(folders);
    const paths = new Map([...before, ...this.view.tree()].map(([path, { id }]) => [id, path]));
    return observations.map(({ type, id }) => `${type} ${paths.get(id)}`);
  }
}

/** A folder that was prepared and scanned once. */
export async function scanned(prepare: (tree: MemoryTree) => void): Promise<Scanned> {
  const folder = new Scanned();
  prepare(folder.tree);
  await folder.scan();
  return folder;
}

/** A file two folders deep. */
export function grow(tree: MemoryTree): void {
  tree.makeFolder("a");
  tree.makeFolder("a/b");
  tree.write("a/b/c", "text");
}
