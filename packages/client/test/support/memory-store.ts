import type { BlockStore, Compression } from "@ashlar/client/ports";
import type { BlockHash } from "@ashlar/shared/ids";

/** Blocks in memory, in the order of their use, with the most that were ever there. */
export class MemoryStore implements BlockStore {
  readonly files = new Map<BlockHash, Uint8Array>();
  bytesMost = 0;
  /** Called before anything is done: throw to fail it. */
  before: (what: "list" | "read" | "write" | "mark" | "remove") => void = () => undefined;

  get bytes(): number {
    return [...this.files.values()].reduce((total, { length }) => total + length, 0);
  }

  async list() {
    this.before("list");
    return [...this.files].map(([hash, bytes]) => ({ hash, size: bytes.length }));
  }

  async read(hash: BlockHash, into?: Uint8Array) {
    this.before("read");
    const bytes = this.files.get(hash);
    if (bytes === undefined || into === undefined) return bytes?.slice();
    into.set(bytes.subarray(0, into.length));
    return into.subarray(0, bytes.length);
  }

  async write(hash: BlockHash, bytes: Uint8Array) {
    this.before("write");
    this.files.delete(hash);
    this.files.set(hash, bytes.slice());
    this.bytesMost = Math.max(this.bytesMost, this.bytes);
  }

  async mark(hash: BlockHash, as: "used" | "spent") {
    this.before("mark");
    const bytes = this.files.get(hash);
    if (bytes === undefined) return;
    this.files.delete(hash);
    const others = [...this.files];
    if (as === "spent") this.files.clear();
    this.files.set(hash, bytes);
    if (as === "spent") for (const [other, kept] of others) this.files.set(other, kept);
  }

  async remove(hash: BlockHash) {
    this.before("remove");
    this.files.delete(hash);
  }
}

/** Says that nothing can be gained. */
export const noCompression: Compression = {
  trial: () => 1,
  compress: async (bytes) => bytes,
  decompress: async (bytes) => bytes,
};
