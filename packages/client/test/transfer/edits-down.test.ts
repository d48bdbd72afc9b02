import { hashBlock } from "@ashlar/client/node/hash";
import { UnreachableError } from "@ashlar/client/ports";
import type { BlockHash } from "@ashlar/shared/ids";
import { deltaBasesMax, deltasAtOnceMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutsOf, KiB, MiB, noise } from "../support/content.ts";
import { memoryDraft } from "../support/memory-disk.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";
import { Random } from "../support/random.ts";
import { plainCodec } from "../support/plain-codec.ts";

const { signal } = new AbortController();
const named = (bytes: Uint8Array) => ({ hash: hashBlock(bytes), bytes });

const old = noise(300 * KiB, 1);
const now = old.slice();
now.set(noise(100, 2), 5000);
const frame = plainCodec.encode(now, [named(old)]);
const target = { hash: hashBlock(now), size: now.length };

/** A device that holds the old bytes in a file, unless told otherwise, before a server with the new ones. */
function device({ has = true } = {}) {
  const made = memoryTransfer();
  const { disk, edge, knowledge, transfer } = made;
  disk.put("f", old);
  if (has) knowledge.local.set(hashBlock(old), { path: "f", offset: 0 });
  edge.hold(now);
  const get = async (deltas: ReadonlyMap<BlockHash, Uint8Array> = new Map()) => {
    const draft = memoryDraft(now.length);
    await transfer.download(encodeManifest([target]), draft, { signal, received: { blocks: new Map(), deltas } });
    expect(Buffer.compare(draft.bytes, now)).toBe(0);
    return edge.fetches.map(({ url }) => url.slice(0, 2));
  };
  return { ...made, get };
}

describe("a block of which the bases are here", () => {
  test("U59 is made of the delta that came with the change, without a request, and kept for the next edit", async () => {
    const { edge, cache, get } = device();
    expect([await get(new Map([[target.hash, frame]])), edge.locates]).toEqual([[], []]);
    expect(cache.has(target.hash)).toBe(true);
  });

  test("U59 is made of bases in the cache", async () => {
    const { cache, get } = device({ has: false });
    await cache.put(hashBlock(old), old);
    expect(await get(new Map([[target.hash, frame]]))).toEqual([]);
  });

  test("U60 is fetched as a delta that the server tells of, the shortest first", async () => {
    const { edge, get } = device();
    const longer = plainCodec.encode(now, [named(old), named(noise(1000, 9))]);
    edge.keepDelta(target.hash, longer);
    edge.keepDelta(target.hash, frame);
    expect(await get()).toEqual(["/d"]);
    expect(edge.fetches[0]?.url).toContain(`/d/${target.hash}/1`);
  });

  test("U60 is fetched itself when it is no longer than the delta", async () => {
    const { edge, get } = device();
    const kept = plainCodec.encode(now, [named(noise(1000, 9)), named(old)]);
    edge.keepDelta(target.hash, kept.length >= now.length ? kept : Buffer.concat([kept, new Uint8Array(now.length - kept.length)]));
    expect(await get()).toEqual(["/b"]);
  });
});

describe("a block of which the bases are not here", () => {
  test("U60 is fetched itself, and no delta is", async () => {
    const { edge, get } = device({ has: false });
    edge.keepDelta(target.hash, frame);
    expect(await get(new Map([[target.hash, frame]]))).toEqual(["/b"]);
  });

  test("U60 is fetched itself when the file that had them has others now", async () => {
    const { disk, edge, get } = device();
    disk.put("f", noise(300 * KiB, 4));
    edge.keepDelta(target.hash, frame);
    expect((await get()).at(-1)).toBe("/b");
  });
});

describe("a delta that is no good", () => {
  const other = noise(300 * KiB, 5);
  test.for([
    ["is cut short", frame.subarray(0, 20)],
    ["is no frame", noise(100, 3)],
    ["is empty", new Uint8Array()],
    ["makes another block", plainCodec.encode(other, [named(old)])],
    ["makes a block of another size", plainCodec.encode(other.subarray(1), [named(old)])],
  ] as const)("U59 and %s leads to the block itself", async ([, bad]) => {
    expect(await device().get(new Map([[target.hash, bad]]))).toEqual(["/b"]);
    const fetching = device();
    fetching.edge.keepDelta(target.hash, frame);
    fetching.edge.tamper = (bytes, url) => (url.startsWith("/d/") ? bad : bytes);
    expect(await fetching.get()).toEqual(["/d", "/b"]);
  });

  test("U59 four bases are looked for, and no more", async () => {
    const many = Array.from({ length: deltaBasesMax }, (_, index) => noise(20 * KiB, index + 30));
    const { disk, knowledge, get } = device();
    for (const [index, bytes] of many.entries()) {
      disk.put(`${index}`, bytes);
      knowledge.local.set(hashBlock(bytes), { path: `${index}`, offset: 0 });
    }
    const four = plainCodec.encode(now, [named(old), ...many.slice(1).map(named)]);
    expect(await get(new Map([[target.hash, four]]))).toEqual([]);
  });

  test("U59 whose address has expired leads to the block itself, and an edge out of reach is told", async () => {
    const { edge, transfer } = device();
    edge.keepDelta(target.hash, frame);
    edge.before = (what) => {
      if (what === "fetch" && edge.fetches.length === 1) edge.expireAddresses();
    };
    const draft = memoryDraft(now.length);
    await transfer.download(encodeManifest([target]), draft, { signal });
    expect(Buffer.compare(draft.bytes, now)).toBe(0);
    const away = device();
    away.edge.keepDelta(target.hash, frame);
    away.edge.before = (what) => {
      if (what === "fetch") throw new UnreachableError("away");
    };
    await expect(away.get()).rejects.toThrow(UnreachableError);
  });
});

test("U64 no more than two deltas are applied at once, however many blocks of a file have one", async () => {
  const long = noise(24 * MiB, 1);
  const changed = long.slice();
  const cuts = cutsOf(long);
  for (const { offset } of cuts) changed.set(noise(100, offset + 1), offset + 700 * KiB);
  const { disk, edge, knowledge, cache, transfer } = memoryTransfer();
  disk.put("f", long);
  let [open, most] = [0, 0];
  const put = cache.put.bind(cache);
  // Called in the middle of applying one.
  Object.assign(cache, {
    put: async (hash: BlockHash, bytes: Uint8Array) => {
      most = Math.max(most, ++open);
      await put(hash, bytes);
      open--;
    },
  });
  const deltas = new Map<BlockHash, Uint8Array>();
  const after = cutsOf(changed);
  for (const [index, cut] of cuts.entries()) {
    knowledge.local.set(cut.hash, { path: "f", offset: cut.offset });
    const one = after[index];
    if (one !== undefined) deltas.set(one.hash, plainCodec.encode(one.bytes, [cut]));
  }
  for (const cut of after) edge.hold(cut.bytes);
  const draft = memoryDraft(changed.length);
  await transfer.download(encodeManifest(after), draft, { signal, received: { blocks: new Map(), deltas } });
  expect([Buffer.compare(draft.bytes, changed), edge.fetches.length, most]).toEqual([0, 0, deltasAtOnceMax]);
});

test("U61 whatever is here, comes along or is damaged, what is written is what the manifest names", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4 * MiB), { maxLength: 4 }), fc.integer(), async (places, seed) => {
      const random = new Random(seed);
      const lucky = (share: number) => random.chance(share);
      const damage = (bytes: Uint8Array) => (lucky(0.2) ? bytes.map((byte, at) => (at % 50 === 0 ? byte ^ 1 : byte)) : bytes);
      const before = noise(4 * MiB, 3);
      const content = before.slice();
      for (const place of places) content.set(noise(Math.min(100, content.length - place), place + 1), place);
      const { disk, edge, knowledge, cache, transfer } = memoryTransfer();
      disk.put("f", lucky(0.8) ? before : damage(before));
      const cuts = cutsOf(before);
      for (const cut of cuts) {
        if (lucky(0.6)) knowledge.local.set(cut.hash, { path: "f", offset: cut.offset });
        if (lucky(0.3)) await cache.put(cut.hash, cut.bytes);
      }
      const deltas = new Map<BlockHash, Uint8Array>();
      for (const cut of cutsOf(content)) {
        edge.hold(cut.bytes);
        const one = plainCodec.encode(cut.bytes, cuts.slice(0, deltaBasesMax));
        if (lucky(0.5)) edge.keepDelta(cut.hash, one);
        if (lucky(0.5)) deltas.set(cut.hash, damage(one));
      }
      edge.before = () => {
        if (lucky(0.1)) throw new UnreachableError("bad luck");
      };
      edge.tamper = (bytes, url) => (url.startsWith("/d") ? damage(bytes) : bytes);
      const older = lucky(0.5) ? { before: encodeManifest(cuts) } : {};
      const attempt = async () => {
        const draft = memoryDraft(content.length);
        await transfer.download(encodeManifest(cutsOf(content)), draft, { signal, received: { blocks: new Map(), deltas }, ...older });
        return draft.bytes;
      };
      let written = await attempt().catch(() => undefined);
      while (written === undefined) written = await attempt().catch(() => undefined);
      expect(Buffer.compare(written, content)).toBe(0);
    }),
    { numRuns: 30 },
  );
});
