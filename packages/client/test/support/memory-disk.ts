import {
  type BlockKnowledge,
  type Disk,
  DiskError,
  type Draft,
  type LocalPlace,
  type ReadHandle,
  type RelativePath,
  type Stat,
} from "@ashlar/client/ports";
import type { BlockHash } from "@ashlar/shared/ids";

type File = { bytes: Uint8Array; kind: "file" | "symlink"; readonly inode: string; changes: number };

const statOf = ({ bytes, kind, inode, changes }: File): Stat => ({
  kind,
  size: bytes.length,
  mtimeNs: String(changes),
  ctimeNs: String(changes),
  inode,
  mode: 0o644,
});

/** Files in memory, as far as a transfer looks at them. */
export class MemoryDisk implements Pick<Disk, "stat" | "open" | "readLink"> {
  readonly reads: { path: RelativePath; offset: number; count: number }[] = [];
  /** Called after each read. */
  afterRead: (path: RelativePath) => void = () => undefined;
  openHandles = 0;
  readonly #files = new Map<RelativePath, File>();
  #made = 0;

  /** A new file in the place of whatever stood there. */
  put(path: RelativePath, bytes: Uint8Array, kind: File["kind"] = "file"): void {
    this.#files.set(path, { bytes, kind, inode: String(++this.#made), changes: ++this.#made });
  }

  /** The same file with other content. */
  overwrite(path: RelativePath, bytes: Uint8Array): void {
    const file = this.#file(path);
    file.bytes = bytes;
    file.changes = ++this.#made;
  }

  #file(path: RelativePath): File {
    const file = this.#files.get(path);
    if (file === undefined) throw new DiskError("absent", path);
    return file;
  }

  async stat(path: RelativePath): Promise<Stat | undefined> {
    const file = this.#files.get(path);
    return file && statOf(file);
  }

  async readLink(path: RelativePath): Promise<Uint8Array> {
    return this.#file(path).bytes;
  }

  async open(path: RelativePath): Promise<ReadHandle> {
    const file = this.#file(path);
    this.openHandles++;
    return {
      stat: async () => statOf(file),
      read: async (into, offset) => {
        // A real disk may give less than was asked for.
        const piece = file.bytes.subarray(offset, offset + Math.min(into.length, 1_000_000));
        into.set(piece);
        this.reads.push({ path, offset, count: piece.length });
        this.afterRead(path);
        return piece.length;
      },
      [Symbol.asyncDispose]: async () => {
        this.openHandles--;
      },
    };
  }
}

/** A draft of the given size that knows how much of it was written. */
export function memoryDraft(size: number): Draft & { readonly bytes: Uint8Array; readonly writes: number[] } {
  const bytes = new Uint8Array(size);
  const writes: number[] = [];
  return {
    bytes,
    writes,
    async write(piece, offset) {
      bytes.set(piece, offset);
      writes.push(offset);
    },
    place: () => Promise.reject(new Error("not here")),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export class MemoryKnowledge implements BlockKnowledge {
  readonly server = new Set<BlockHash>();
  readonly local = new Map<BlockHash, LocalPlace>();

  serverHas(hash: BlockHash): boolean {
    return this.server.has(hash);
  }
  rememberServerHas(hashes: readonly BlockHash[]): void {
    for (const hash of hashes) this.server.add(hash);
  }
  findLocal(hash: BlockHash): LocalPlace[] {
    const place = this.local.get(hash);
    return place === undefined ? [] : [place];
  }
}
