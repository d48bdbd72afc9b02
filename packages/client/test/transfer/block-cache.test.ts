import { hashBlock } from "@ashlar/client/node/hash";
import { createBlockCache } from "@ashlar/client/transfer/block-cache";
import { blockCacheBytesMax, deltaBlockBytesMin } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KiB, MiB, noise } from "../support/content.ts";
import { MemoryStore } from "../support/memory-store.ts";

const bytesMax = 100 * KiB;
const size = 25 * KiB;
const blocks = Array.from({ length: 8 }, (_, index) => {
  const bytes = noise(size, index + 1);
  return { hash: hashBlock(bytes), size, bytes };
});
type Block = (typeof blocks)[number];
const at = (index: number): Block =>
  blocks[index % blocks.length] ?? { hash: hashBlock(new Uint8Array()), size: 0, bytes: new Uint8Array() };

const open = (store: MemoryStore) => createBlockCache({ store, hashBlock, bytesMax });

async function kept(store: MemoryStore): Promise<number[]> {
  const cache = open(store);
  const found: number[] = [];
  for (const [index, block] of blocks.entries()) if ((await cache.get(block)) !== undefined) found.push(index);
  return found;
}

describe("the cache of changed blocks", () => {
  test("U56 keeps what was used last, within its bound, over restarts", async () => {
    const store = new MemoryStore();
    let cache = open(store);
    for (const index of [0, 1, 2, 3]) await cache.put(at(index).hash, at(index).bytes);
    cache = open(store);
    expect(await cache.get(at(0))).toEqual(at(0).bytes);
    cache = open(store);
    await cache.put(at(4).hash, at(4).bytes);
    expect(await kept(store)).toEqual([0, 2, 3, 4]);
    expect(store.bytesMost).toBe(bytesMax);
  });

  test("U56 gives up first what others have taken the place of", async () => {
    const store = new MemoryStore();
    const cache = open(store);
    for (const index of [0, 1, 2, 3]) await cache.put(at(index).hash, at(index).bytes);
    await cache.spend([at(2).hash, at(7).hash]);
    expect(await cache.get(at(2))).toBeDefined();
    await cache.spend([at(2).hash]);
    await open(store).put(at(4).hash, at(4).bytes);
    expect(await kept(store)).toEqual([0, 1, 3, 4]);
  });

  test("U56 takes a block as long as its bound and none longer, and none that is too short for a delta", async () => {
    const store = new MemoryStore();
    const cache = open(store);
    const put = (count: number) => cache.put(hashBlock(noise(count, 9)), noise(count, 9));
    for (const count of [bytesMax + 1, deltaBlockBytesMin - 1]) await put(count);
    expect(store.files.size).toBe(0);
    for (const count of [deltaBlockBytesMin, bytesMax]) await put(count);
    expect([...store.files.values()].map(({ length }) => length)).toEqual([bytesMax]);
  });

  test("U56 keeps 256 MiB unless told otherwise", async () => {
    const store = new MemoryStore();
    const count = blockCacheBytesMax / (4 * MiB);
    const bytes = new Uint8Array(4 * MiB);
    const names = Array.from({ length: count + 1 }, (_, index) => hashBlock(noise(8, index + 1)));
    const cache = createBlockCache({
      store: Object.assign(store, { write: async (hash: Block["hash"]) => void store.files.set(hash, bytes) }),
      hashBlock,
    });
    for (const name of names.slice(0, count)) await cache.put(name, bytes);
    expect(store.files.size).toBe(count);
    for (const name of names.slice(count)) await cache.put(name, bytes);
    expect([...store.files.keys()]).toEqual(names.slice(1));
  });

  test("U57 a block that is damaged, of another length or gone is absent, and makes room", async () => {
    const store = new MemoryStore();
    for (const index of [0, 1, 2]) await open(store).put(at(index).hash, at(index).bytes);
    const cache = open(store);
    await cache.put(at(3).hash, at(3).bytes);
    store.files.set(at(0).hash, noise(size, 77));
    store.files.set(at(1).hash, at(1).bytes.subarray(1));
    store.files.delete(at(2).hash);
    for (const index of [0, 1, 2]) expect(await cache.get(at(index))).toBeUndefined();
    expect([...store.files.keys()]).toEqual([at(3).hash]);
    expect(await cache.get({ ...at(3), size: size - 1 })).toBeUndefined();
  });

  test("U57 whatever a disk refuses or a crash leaves, no call fails, what is answered is right, and the bound holds", async () => {
    const call = fc.record({
      what: fc.constantFrom("put", "get", "spend", "restart", "damage" as const),
      index: fc.nat(7),
      fails: fc.constantFrom(undefined, undefined, undefined, "list", "read", "write", "mark", "remove"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
        const store = new MemoryStore();
        let cache = open(store);
        for (const { what, index, fails } of calls) {
          const block = at(index);
          store.before = (asked) => {
            if (asked === fails) throw new Error("the disk is full");
          };
          let found: Uint8Array | undefined;
          if (what === "put") await cache.put(block.hash, block.bytes);
          else if (what === "spend") await cache.spend([block.hash]);
          else if (what === "restart") cache = open(store);
          else if (what === "damage" && store.files.has(block.hash)) store.files.set(block.hash, noise(size, 99));
          else found = await cache.get(block);
          expect([undefined, block.bytes]).toContainEqual(found);
          expect(store.bytesMost).toBeLessThanOrEqual(bytesMax);
        }
      }),
    );
  });
});
