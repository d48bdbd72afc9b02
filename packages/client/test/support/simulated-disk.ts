import {
  type DirEntry,
  type Disk,
  DiskError,
  type Draft,
  type Expected,
  type ReadHandle,
  type RelativePath,
  type Stat,
} from "../../src/ports.ts";

type Item = {
  kind: "file" | "folder" | "symlink";
  inode: string;
  bytes: Uint8Array;
  mtimeNs: bigint;
  ctimeNs: bigint;
  readonly bornMs: number;
  mode: number;
  readonly below: Map<string, Item>;
};

export type DiskOptions = {
  readonly caseSensitive: boolean;
  /** As Apple's older file system: names are kept in NFD, and found in any form. */
  readonly decomposes?: boolean;
};

/** Asked before each call, and with `done` after its effect: it may throw, or never resolve. `undo` takes the effect back, as a power cut may. */
export type Gate = (call: string, path: RelativePath, undo?: () => void) => Promise<void>;

/** A disk in memory with a person at it: the methods named `user...` are what that person does behind the engine's back. */
export class SimulatedDisk {
  readonly root: Item;
  readonly #options: DiskOptions;
  readonly #nowMs: () => number;
  #inode = 1;
  #tick = 0n;
  marker: string | undefined;
  /** Told of every folder in which something happened. */
  onChange: (folder: RelativePath) => void = () => undefined;

  constructor(nowMs: () => number, options: DiskOptions = { caseSensitive: true }) {
    this.#nowMs = nowMs;
    this.#options = options;
    this.root = this.#make("folder", 0o755);
  }

  // --- the person ---

  /** Keeps the inode of a file that is there: written in place. */
  userWrite(path: RelativePath, text: string, mode = 0o644): void {
    const there = this.find(path);
    const bytes = new TextEncoder().encode(text);
    if (there?.kind === "file") {
      there.bytes = bytes;
      this.#touch(there);
    } else {
      if (there !== undefined) throw new Error(`${path} is no file`);
      const item = this.#make("file", mode);
      item.bytes = bytes;
      this.#put(path, item);
    }
    this.#changed(path);
  }

  /** As editors do: a new file renamed over the old one. */
  userReplace(path: RelativePath, text: string): void {
    const item = this.#make("file", this.find(path)?.mode ?? 0o644);
    item.bytes = new TextEncoder().encode(text);
    this.#put(path, item);
    this.#changed(path);
  }

  userLink(path: RelativePath, target: string): void {
    const item = this.#make("symlink", 0o777);
    item.bytes = new TextEncoder().encode(target);
    this.#put(path, item);
    this.#changed(path);
  }

  userMakeFolder(path: RelativePath): void {
    this.#put(path, this.#make("folder", 0o755));
    this.#changed(path);
  }

  userMove(from: RelativePath, to: RelativePath): void {
    const item = this.#take(from);
    this.#put(to, item);
    item.ctimeNs = this.#now();
    this.#changed(from);
    this.#changed(to);
  }

  userSwap(one: RelativePath, other: RelativePath): void {
    const first = this.#take(one);
    this.userMove(other, one);
    this.#put(other, first);
    first.ctimeNs = this.#now();
    this.#changed(other);
  }

  /** With everything below. */
  userRemove(path: RelativePath): void {
    this.#take(path);
    this.#changed(path);
  }

  userChmod(path: RelativePath, mode: number): void {
    const item = this.#need(path);
    item.mode = mode;
    item.ctimeNs = this.#now();
    this.#changed(path);
  }

  userTouch(path: RelativePath): void {
    this.#touch(this.#need(path));
    this.#changed(path);
  }

  /** Every path with its kind, mode and content, sorted. */
  listing(): string[] {
    return [...this.items()]
      .map(([path, item]) => `${path} ${item.kind} ${item.mode.toString(8)} ${new TextDecoder().decode(item.bytes)}`)
      .toSorted();
  }

  *items(folder: Item = this.root, prefix = ""): Generator<[RelativePath, Item]> {
    for (const [name, item] of folder.below) {
      yield [prefix + name, item];
      yield* this.items(item, `${prefix}${name}/`);
    }
  }

  text(path: RelativePath): string | undefined {
    const item = this.find(path);
    return item === undefined || item.kind === "folder" ? undefined : new TextDecoder().decode(item.bytes);
  }

  find(path: RelativePath): Item | undefined {
    let at: Item | undefined = this.root;
    if (path === "") return at;
    for (const name of path.split("/")) at = at === undefined ? undefined : this.#child(at, name);
    return at;
  }

  // --- the engine ---

  port(gate: Gate = () => Promise.resolve()): Disk {
    return {
      stat: async (path) => {
        await gate("stat", path);
        const item = this.find(path);
        return item === undefined ? undefined : statOf(item);
      },
      list: async (path) => {
        await gate("list", path);
        const folder = this.#need(path);
        return [...folder.below].map(([name, item]): DirEntry => ({ name, valid: true, stat: statOf(item) }));
      },
      open: async (path) => {
        await gate("open", path);
        return this.#open(path);
      },
      readLink: async (path) => {
        await gate("readLink", path);
        return this.#need(path).bytes;
      },
      draft: async () => {
        await gate("draft", "");
        return this.#draft(gate);
      },
      makeFolder: async (path, mode) => {
        await gate("makeFolder", path);
        this.#expect(path, "absent");
        const item = this.#make("folder", mode);
        const undo = this.#put(path, item);
        await gate("makeFolder done", path, undo);
        return statOf(item);
      },
      makeLink: async (path, target, expected) => {
        await gate("makeLink", path);
        this.#expect(path, expected);
        const item = this.#make("symlink", 0o777);
        item.bytes = target;
        const undo = this.#put(path, item);
        await gate("makeLink done", path, undo);
        return statOf(item);
      },
      setMode: async (path, mode, expected) => {
        await gate("setMode", path);
        this.#expect(path, expected);
        const item = this.#need(path);
        const before = item.mode;
        const undo = () => void (item.mode = before);
        item.mode = mode;
        item.ctimeNs = this.#now();
        const stat = statOf(item);
        await gate("setMode done", path, undo);
        return stat;
      },
      move: async (from, to, expected) => {
        await gate("move", from);
        this.#expect(from, expected);
        const there = this.find(to);
        if (there !== undefined && (from === to || there !== this.find(from))) throw new DiskError("changed", to);
        if (to.startsWith(`${from}/`)) throw new DiskError("io", to);
        if (this.find(parentOf(to))?.kind !== "folder") throw new DiskError("absent", to);
        const item = this.#need(from);
        if (item.kind !== "folder" && from !== to) {
          // The real disk links and unlinks: a crash in between leaves both names.
          this.#put(to, item);
          item.ctimeNs = this.#now();
          await gate("move half done", to);
        }
        this.#take(from);
        this.#put(to, item);
        item.ctimeNs = this.#now();
        const stat = statOf(item);
        const undo = () => {
          this.#take(to);
          this.#put(from, item);
        };
        await gate("move done", to, undo);
        return stat;
      },
      remove: async (path, expected) => {
        await gate("remove", path);
        this.#expect(path, expected);
        const item = this.#take(path);
        const undo = () => void this.#put(path, item);
        await gate("remove done", path, undo);
      },
      removeFolder: async (path) => {
        await gate("removeFolder", path);
        if (this.#need(path).kind !== "folder") throw new DiskError("changed", path);
        if (this.#need(path).below.size > 0) throw new DiskError("not-empty", path);
        const item = this.#take(path);
        const undo = () => void this.#put(path, item);
        await gate("removeFolder done", path, undo);
      },
      readMarker: async () => {
        await gate("readMarker", "");
        return this.marker;
      },
      writeMarker: async (text) => {
        await gate("writeMarker", "");
        this.marker = text;
      },
    };
  }

  #open(path: RelativePath): ReadHandle {
    const item = this.#need(path);
    return {
      stat: async () => statOf(item),
      read: async (into, offset) => {
        const piece = item.bytes.subarray(offset, offset + into.length);
        into.set(piece);
        return piece.length;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #draft(gate: Gate): Draft {
    let content = new Uint8Array();
    return {
      write: async (bytes, offset) => {
        const longer = new Uint8Array(Math.max(content.length, offset + bytes.length));
        longer.set(content);
        longer.set(bytes, offset);
        content = longer;
      },
      place: async (path, { mode, mtimeMs, expected }) => {
        await gate("place", path);
        this.#expect(path, expected);
        const item = this.#make("file", mode);
        item.bytes = content;
        item.mtimeNs = BigInt(mtimeMs) * 1_000_000n;
        const undo = this.#put(path, item);
        const stat = statOf(item);
        await gate("place done", path, undo);
        return stat;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #expect(path: RelativePath, expected: Expected): void {
    const there = this.find(path);
    if (expected === "absent") {
      if (there !== undefined) throw new DiskError("changed", path);
      return;
    }
    if (there === undefined) throw new DiskError("changed", path);
    const stat = statOf(there);
    const isFolder = stat.kind === "folder" && expected.kind === "folder";
    const isSame = stat.kind === expected.kind && stat.inode === expected.inode && (isFolder || stat.mtimeNs === expected.mtimeNs);
    if (!isSame || stat.size !== expected.size) throw new DiskError("changed", path);
  }

  #make(kind: Item["kind"], mode: number): Item {
    const now = this.#now();
    const times = { mtimeNs: now, ctimeNs: now, bornMs: Number(now / 1_000_000n) };
    return { kind, inode: String(this.#inode++), bytes: new Uint8Array(), ...times, mode, below: new Map() };
  }

  #now(): bigint {
    this.#tick += 1000n;
    return BigInt(this.#nowMs()) * 1_000_000n + (this.#tick % 1_000_000n);
  }

  #touch(item: Item): void {
    item.mtimeNs = this.#now();
    item.ctimeNs = item.mtimeNs;
  }

  /** The name that the disk has for it; undefined when nothing of that name is there. */
  #kept(folder: Item, name: string): string | undefined {
    if (folder.below.has(name)) return name;
    if (this.#options.caseSensitive && this.#options.decomposes !== true) return undefined;
    const folded = this.#fold(name);
    return [...folder.below.keys()].find((other) => this.#fold(other) === folded);
  }

  #fold(name: string): string {
    const composed = this.#options.decomposes === true ? name.normalize("NFC") : name;
    return this.#options.caseSensitive ? composed : composed.toLowerCase();
  }

  #child(folder: Item, name: string): Item | undefined {
    const kept = this.#kept(folder, name);
    return kept === undefined ? undefined : folder.below.get(kept);
  }

  #need(path: RelativePath): Item {
    const item = this.find(path);
    if (item === undefined) throw new DiskError("absent", path);
    return item;
  }

  #take(path: RelativePath): Item {
    const item = this.#need(path);
    const folder = this.#need(parentOf(path));
    folder.below.delete(this.#kept(folder, nameOf(path)) ?? "");
    return item;
  }

  /** In the place of whatever is there, whose name stays; the answer puts that back. */
  #put(path: RelativePath, item: Item): () => void {
    const folder = this.#need(parentOf(path));
    if (folder.kind !== "folder") throw new DiskError("absent", path);
    const name = nameOf(path);
    const kept = this.#kept(folder, name) ?? (this.#options.decomposes === true ? name.normalize("NFD") : name);
    const before = folder.below.get(kept);
    folder.below.set(kept, item);
    return () => {
      if (before === undefined) folder.below.delete(kept);
      else folder.below.set(kept, before);
    };
  }

  #changed(path: RelativePath): void {
    this.onChange(parentOf(path));
  }
}

export function parentOf(path: RelativePath): RelativePath {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function nameOf(path: RelativePath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function statOf(item: Item): Stat {
  const { kind, inode, mode, bornMs } = item;
  return {
    kind,
    size: kind === "folder" ? 0 : item.bytes.length,
    mtimeNs: String(item.mtimeNs),
    ctimeNs: String(item.ctimeNs),
    inode,
    mode,
    bornMs,
  };
}
