import type { BlockHash } from "@ashlar/shared/ids";
import { blockCacheBytesMax, deltaBlockBytesMin } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockStore } from "../ports.ts";
import type { HashBlock } from "./options.ts";

/** The bytes of blocks that changed lately: the old ones of the next edit. No method rejects, since nothing depends on it. */
export type BlockCache = {
  /** As far as can be told without looking; false until the store has been listed. */
  has(hash: BlockHash): boolean;
  /** Verified; undefined when it is not there, or no longer what it was. */
  get(block: BlockRef): Promise<Uint8Array | undefined>;
  /** Makes room before it writes, so that the bound holds at any moment. The bytes hold still until it is done. */
  put(hash: BlockHash, bytes: Uint8Array): Promise<void>;
  /** Others have taken their place in the file: when room is needed, they go first. */
  spend(hashes: readonly BlockHash[]): Promise<void>;
};

export type BlockCacheOptions = { readonly store: BlockStore; readonly hashBlock: HashBlock; readonly bytesMax?: number };

export function createBlockCache({ store, hashBlock, bytesMax = blockCacheBytesMax }: BlockCacheOptions): BlockCache {
  /** From the least recently used to the most. */
  const sizes = new Map<BlockHash, number>();
  let bytesKept = 0;
  let isListed = false;
  let last: Promise<void> = Promise.resolve();

  /** One after the other: two that make room at once would both count on the same. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    last = after(last, work);
    return last;
  }

  async function after(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before;
    try {
      if (!isListed) await list();
      await work();
    } catch {
      // A disk that is full or failing: the block is absent.
    }
  }

  async function list(): Promise<void> {
    for (const { hash, size } of await store.list()) note(hash, size);
    isListed = true;
    // Left by a version with another bound.
    await makeRoom(0);
  }

  function note(hash: BlockHash, size: number): void {
    forget(hash);
    sizes.set(hash, size);
    bytesKept += size;
  }

  function forget(hash: BlockHash): void {
    bytesKept -= sizes.get(hash) ?? 0;
    sizes.delete(hash);
  }

  async function makeRoom(bytes: number): Promise<void> {
    for (const hash of sizes.keys()) {
      if (bytesKept + bytes <= bytesMax) return;
      await store.remove(hash);
      forget(hash);
    }
  }

  async function drop(hash: BlockHash): Promise<void> {
    await store.remove(hash);
    forget(hash);
  }

  void inTurn(async () => {});

  return {
    has: (hash) => sizes.has(hash),

    async get({ hash, size }) {
      if (!isListed) await inTurn(async () => {});
      if (!sizes.has(hash)) return undefined;
      const bytes = await store.read(hash).catch(() => undefined);
      if (bytes === undefined || bytes.length !== size || (await hashBlock(bytes)) !== hash) {
        await inTurn(() => drop(hash));
        return undefined;
      }
      await inTurn(async () => {
        if (!sizes.has(hash)) return;
        note(hash, size);
        await store.mark(hash, "used");
      });
      return bytes;
    },

    async put(hash, bytes) {
      const { length } = bytes;
      if (length < deltaBlockBytesMin || length > bytesMax) return;
      await inTurn(async () => {
        const known = sizes.get(hash);
        if (known === length) {
          note(hash, length);
          return store.mark(hash, "used");
        }
        if (known !== undefined) await drop(hash);
        await makeRoom(length);
        // Counted before it is there: what a failed write leaves is not more than that.
        note(hash, length);
        try {
          await store.write(hash, bytes);
        } catch {
          await drop(hash);
        }
      });
    },

    async spend(hashes) {
      await inTurn(async () => {
        const spent = hashes.filter((hash) => sizes.has(hash));
        if (spent.length === 0) return;
        const rest = [...sizes];
        sizes.clear();
        for (const hash of spent) sizes.set(hash, rest.find(([other]) => other === hash)?.[1] ?? 0);
        for (const [hash, size] of rest) sizes.set(hash, size);
        for (const hash of spent) await store.mark(hash, "spent");
      });
    },
  };
}
