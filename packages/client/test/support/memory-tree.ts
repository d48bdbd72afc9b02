import { type DirEntry, type Disk, DiskError, type ReadHandle, type RelativePath, type Stat } from "../../src/ports.ts";
import { joinPath, parentPath } from "../../src/scan/path.ts";

type Item = {
  kind: Stat["kind"];
  inode: string;
  size: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  bornNs: bigint;
  mode: number;
  text: string;
  below: Map<string, Item>;
};

/** A folder in memory that behaves as ext4 does where a scan can see it: inodes, hard links, ctime, and inodes used again. */
export class MemoryTree implements Pick<Disk, "stat" | "list" | "open"> {
  readonly #root: Item;
  readonly #free: string[] = [];
  #nextInode = 100;
  #nowNs = 1_700_000_000_000_000_000n;

  constructor() {
    this.#root = this.#make("folder");
  }

  /** Every change takes a millisecond. */
  get nowMs(): number {
    return Number(this.#nowNs / 1_000_000n);
  }

  pass(ms: number): void {
    this.#nowNs += BigInt(ms) * 1_000_000n;
  }

  makeFolder(path: RelativePath): void {
    this.#put(path, this.#make("folder"));
  }

  makeSpecial(path: RelativePath): void {
    this.#put(path, this.#make("other"));
  }

  makeLink(path: RelativePath, target: string): void {
    this.#put(path, { ...this.#make("symlink"), text: target, size: target.length });
  }

  /** Makes the file, or overwrites it in place. */
  write(path: RelativePath, text: string): void {
    const item = this.#find(path) ?? this.#put(path, this.#make("file"));
    item.text = text;
    item.size = text.length;
    item.mtimeNs = item.ctimeNs = this.#tick();
  }

  /** As programs save: a new file renamed over the old one. */
  save(path: RelativePath, text: string): void {
    this.write(`${path}.saving`, text);
    this.rename(`${path}.saving`, path);
  }

  /** Overwrites in place and sets the mtime back, as some programs do. */
  writeUnseen(path: RelativePath, text: string): void {
    const { mtimeNs } = this.#get(path);
    this.write(path, text);
    this.#get(path).mtimeNs = mtimeNs;
  }

  hardLink(from: RelativePath, to: RelativePath): void {
    const item = this.#get(from);
    this.#put(to, item);
    item.ctimeNs = this.#tick();
  }

  setMode(path: RelativePath, mode: number): void {
    const item = this.#get(path);
    item.mode = mode;
    item.ctimeNs = this.#tick();
  }

  rename(from: RelativePath, to: RelativePath): void {
    const item = this.#get(from);
    if (this.#find(to) !== undefined) this.remove(to);
    this.#get(parentPath(from)).below.delete(nameOf(from));
    this.#put(to, item);
    item.ctimeNs = this.#tick();
  }

  remove(path: RelativePath): void {
    const item = this.#get(path);
    this.#get(parentPath(path)).below.delete(nameOf(path));
    this.#tick();
    const gone = [item];
    for (let next = gone.pop(); next !== undefined; next = gone.pop()) {
      gone.push(...next.below.values());
      if (!this.#inodes().has(next.inode)) this.#free.push(next.inode);
    }
  }

  /** Every path below the root, folders before what is in them. */
  paths(kind?: Stat["kind"]): RelativePath[] {
    return [...this.#walk("", this.#root)].filter(([, item]) => kind === undefined || item.kind === kind).map(([path]) => path);
  }

  textOf(path: RelativePath): string {
    return this.#get(path).text;
  }

  statOf(path: RelativePath): Stat {
    return toStat(this.#get(path));
  }

  async stat(path: RelativePath): Promise<Stat | undefined> {
    const item = this.#find(path);
    return item && toStat(item);
  }

  async list(path: RelativePath): Promise<DirEntry[]> {
    const item = this.#find(path);
    if (item?.kind !== "folder") throw new DiskError("absent", path);
    return [...item.below].map(([name, below]) => ({ name, valid: !name.includes("\uFFFD"), stat: toStat(below) }));
  }

  async open(path: RelativePath): Promise<ReadHandle> {
    const item = this.#get(path);
    const bytes = new TextEncoder().encode(item.text);
    return {
      stat: async () => ({ ...toStat(item), size: bytes.length }),
      read: async (into, offset) => {
        const part = bytes.subarray(offset, offset + into.length);
        into.set(part);
        return part.length;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #make(kind: Stat["kind"]): Item {
    const now = this.#tick();
    const inode = this.#free.pop() ?? String(this.#nextInode++);
    const times = { mtimeNs: now, ctimeNs: now, bornNs: now };
    return { kind, inode, size: 0, ...times, mode: kind === "folder" ? 0o755 : 0o644, text: "", below: new Map() };
  }

  #put(path: RelativePath, item: Item): Item {
    this.#get(parentPath(path)).below.set(nameOf(path), item);
    return item;
  }

  #get(path: RelativePath): Item {
    const item = this.#find(path);
    if (item === undefined) throw new DiskError("absent", path);
    return item;
  }

  #find(path: RelativePath): Item | undefined {
    let item: Item | undefined = this.#root;
    for (const name of path === "" ? [] : path.split("/")) item = item?.below.get(name);
    return item;
  }

  *#walk(path: RelativePath, item: Item): Generator<[RelativePath, Item]> {
    for (const [name, below] of item.below) {
      yield [joinPath(path, name), below];
      yield* this.#walk(joinPath(path, name), below);
    }
  }

  #inodes(): Set<string> {
    return new Set([...this.#walk("", this.#root)].map(([, item]) => item.inode));
  }

  #tick(): bigint {
    this.#nowNs += 1_000_000n;
    return this.#nowNs;
  }
}

const nameOf = (path: RelativePath): string => path.slice(path.lastIndexOf("/") + 1);

function toStat({ kind, size, mtimeNs, ctimeNs, bornNs, inode, mode }: Item): Stat {
  return { kind, size, mtimeNs: String(mtimeNs), ctimeNs: String(ctimeNs), inode, mode, bornMs: Number(bornNs / 1_000_000n) };
}
