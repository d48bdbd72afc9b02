import type { RelativePath } from "../ports.ts";

type Branch<T> = { value: T | undefined; readonly below: Map<string, Branch<T>> };

/** Values by path, where taking a folder takes everything below it, at the cost of what is taken. */
export class WatchTree<T> {
  #top: Branch<T> = { value: undefined, below: new Map() };

  get(path: RelativePath): T | undefined {
    return this.#find(path)?.value;
  }

  set(path: RelativePath, value: T): void {
    let branch = this.#top;
    for (const name of namesOf(path)) {
      const next = branch.below.get(name) ?? { value: undefined, below: new Map() };
      branch.below.set(name, next);
      branch = next;
    }
    branch.value = value;
  }

  /** Removes the path and everything below it; what was removed. */
  take(path: RelativePath): T[] {
    const branch = this.#find(path);
    if (branch === undefined) return [];
    const cut = path.lastIndexOf("/");
    if (path === "") this.#top = { value: undefined, below: new Map() };
    else this.#find(path.slice(0, Math.max(cut, 0)))?.below.delete(path.slice(cut + 1));
    const taken: T[] = [];
    const rest = [branch];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      if (next.value !== undefined) taken.push(next.value);
      rest.push(...next.below.values());
    }
    return taken;
  }

  #find(path: RelativePath): Branch<T> | undefined {
    let branch: Branch<T> | undefined = this.#top;
    for (const name of namesOf(path)) branch = branch?.below.get(name);
    return branch;
  }
}

const namesOf = (path: RelativePath): string[] => (path === "" ? [] : path.split("/"));
