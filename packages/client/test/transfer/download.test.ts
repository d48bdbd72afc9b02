import { UnreachableError } from "@ashlar/client/ports";
import { blockHashSchema, type BlockHash } from "@ashlar/shared/ids";
import { linkTargetBytesMax, locateHashesMax, packGapBytesMax, transfersInFlightMax } from "@ashlar/shared/limits";
import { encodeManifest, type BlockRef } from "@ashlar/shared/manifest";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settled } from "../support/clocks.ts";
import { content, cutsOf, KiB, MiB, noise } from "../support/content.ts";
import { memoryDraft } from "../support/memory-disk.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";

const { signal } = new AbortController();

function setUp() {
  const { disk, edge, knowledge, transfer } = memoryTransfer();
  /** What a download of these blocks writes. */
  const get = async (blocks: readonly BlockRef[], received?: ReadonlyMap<BlockHash, Uint8Array>) => {
    const draft = memoryDraft(blocks.reduce((sum, { size }) => sum + size, 0));
    await transfer.download(encodeManifest(blocks), draft, {
      signal,
      ...(received && { received: { blocks: received, deltas: new Map() } }),
    });
    return draft;
  };
  return { disk, edge, knowledge, transfer, get };
}

const smallFiles = (count: number, bytes: number) => Array.from({ length: count }, (_, index) => noise(bytes, index + 1));

/** The ranges that are fetched for the first, the second and the ninth block of a pack with such holes between its blocks. */
async function rangesWithHoles(holeBytes: number) {
  const { edge, get } = setUp();
  const blocks = edge.pack("pack", smallFiles(9, 1000), holeBytes);
  await get([0, 1, 8].flatMap((index) => blocks[index] ?? []));
  return edge.fetches.map(({ range }) => [range?.offset, range?.length]);
}

describe("where content comes from", () => {
  test("U10 a file's blocks are fetched side by side and written where they belong", async () => {
    const { edge, get, transfer } = setUp();
    const bytes = noise(12 * MiB, 1);
    const blocks = cutsOf(bytes).map((cut) => edge.hold(cut.bytes));
    const draft = await get(blocks);
    expect(Buffer.compare(draft.bytes, bytes)).toBe(0);
    expect([edge.locates.length, edge.fetches.length]).toEqual([1, blocks.length]);
    const steps: number[] = [];
    await transfer.download(encodeManifest(blocks), memoryDraft(bytes.length), { signal, progress: (step) => steps.push(step) });
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(bytes.length);
  });

  test("U10 an empty file takes no request", async () => {
    const { edge, get } = setUp();
    await get([]);
    expect(edge.locates).toEqual([]);
  });

  test("U11 blocks that stand on this disk are copied, and not even asked about", async () => {
    const { disk, edge, knowledge, get } = setUp();
    const bytes = noise(6 * MiB, 1);
    disk.put("other", bytes);
    const cuts = cutsOf(bytes);
    for (const { hash, offset } of cuts) knowledge.local.set(hash, { path: "other", offset });
    const draft = await get(cuts.toReversed());
    expect(Buffer.compare(draft.bytes, Buffer.concat(cuts.toReversed().map((cut) => cut.bytes)))).toBe(0);
    expect([edge.locates, edge.fetches, disk.openHandles]).toEqual([[], [], 0]);
  });

  test.for([
    ["is gone", undefined],
    ["holds other bytes now", noise(1000, 2)],
    ["has become shorter", noise(999, 1)],
  ] as const)("U11 a block is fetched when the file that held it %s", async ([, stands]) => {
    const { disk, edge, knowledge, get } = setUp();
    const block = edge.hold(noise(1000, 1));
    if (stands !== undefined) disk.put("other", stands);
    knowledge.local.set(block.hash, { path: "other", offset: 0 });
    expect((await get([block])).bytes).toEqual(noise(1000, 1));
    expect(edge.fetches).toHaveLength(1);
  });

  test("U12 content that came with the change is used first, and not believed when it is wrong", async () => {
    const { edge, get } = setUp();
    const [one, two] = [edge.hold(noise(100, 1)), edge.hold(noise(100, 2))];
    const received = new Map([
      [one.hash, noise(100, 1)],
      [two.hash, noise(100, 3)],
    ]);
    expect((await get([one, two], received)).bytes).toEqual(new Uint8Array([...noise(100, 1), ...noise(100, 2)]));
    expect(edge.fetches.map(({ url }) => url)).toEqual([`/b/${two.hash}?sig=1`]);
  });

  test("U13 a block that stands in a file many times is fetched once", async () => {
    const { edge, get } = setUp();
    const block = edge.hold(noise(100, 1));
    const draft = await get([block, block, block]);
    expect(draft.bytes).toEqual(new Uint8Array([...noise(100, 1), ...noise(100, 1), ...noise(100, 1)]));
    expect([draft.writes, edge.fetches.length]).toEqual([[0, 100, 200], 1]);
  });

  test("U14 two thousand small files take a handful of requests when they are announced", async () => {
    const { edge, get, transfer } = setUp();
    const files = smallFiles(2000, 4 * KiB);
    const blocks = Array.from({ length: 4 }, (_, pack) => edge.pack(`pack-${pack}`, files.slice(500 * pack, 500 * pack + 500))).flat();
    await transfer.prefetch(
      blocks.map((block) => encodeManifest([block])),
      signal,
    );
    const drafts = await Promise.all(blocks.map((block) => get([block])));
    expect(drafts.every(({ bytes }, index) => Buffer.compare(bytes, files[index] ?? bytes) === 0)).toBe(true);
    expect([edge.locates.length, edge.fetches.length]).toEqual([2000 / locateHashesMax, 4]);
  });

  test("U72 announced packs are fetched before anybody reads them, in order, once, and as far as there is room", async () => {
    const { edge, get, transfer } = setUp();
    // Four have 15 MiB, and the room is 16.
    const files = smallFiles(300, 64 * KiB);
    const packed = Array.from({ length: 5 }, (_, pack) => edge.pack(`pack-${pack}`, files.slice(60 * pack, 60 * pack + 60)));
    const arrived = Promise.withResolvers<void>();
    edge.before = (what) => (what === "fetch" ? arrived.promise : undefined);
    await transfer.prefetch(
      packed.flat().map((block) => encodeManifest([block])),
      signal,
    );
    await settled();
    expect(edge.fetches.map(({ range }) => range?.length)).toEqual([1, 2, 3, 4].map(() => 60 * 64 * KiB));
    arrived.resolve();
    await Promise.all(packed.flat().map((block) => get([block])));
    expect(edge.fetches).toHaveLength(5);
  });

  test("U14 files that are downloaded side by side share addresses and packs unannounced", async () => {
    const { edge, get } = setUp();
    const blocks = edge.pack("pack", smallFiles(200, 4 * KiB));
    await Promise.all(blocks.map((block) => get([block])));
    expect(edge.locates.length).toBeLessThanOrEqual(3);
    expect(edge.fetches.length).toBeLessThanOrEqual(3);
  });

  test("U15 of a pack only what is wanted is fetched, holes above 32 KiB are left out", async () => {
    expect(await rangesWithHoles(packGapBytesMax)).toEqual([
      [0, 2000 + packGapBytesMax],
      [8 * (1000 + packGapBytesMax), 1000],
    ]);
    expect(await rangesWithHoles(packGapBytesMax + 1)).toHaveLength(3);
    expect(await rangesWithHoles(0)).toEqual([[0, 9000]]);
  });
});

describe("what goes wrong", () => {
  test.for([
    ["other bytes", (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
    ["a byte less", (bytes: Uint8Array) => bytes.subarray(1)],
  ] as const)("U16 a block that arrives with %s is fetched once more, and never written", async ([, damage]) => {
    const { edge, get } = setUp();
    const blocks = edge.pack("pack", [noise(100, 1)]);
    edge.tamper = (bytes) => (edge.fetches.length === 1 ? damage(bytes) : bytes);
    const draft = await get(blocks);
    expect([draft.bytes, draft.writes, edge.fetches.length]).toEqual([noise(100, 1), [0], 2]);
  });

  test("U16 a block that arrives wrong twice is told by its name, and never written", async () => {
    const { edge, transfer } = setUp();
    const block = edge.hold(noise(100, 1));
    edge.tamper = () => noise(100, 2);
    const draft = memoryDraft(100);
    const failure = transfer.download(encodeManifest([block]), draft, { signal });
    await expect(failure).rejects.toMatchObject({ name: "ProblemError", code: "hash-mismatch", hashes: [block.hash] });
    await expect(failure).rejects.toThrow(block.hash);
    expect([draft.writes, edge.fetches.length]).toEqual([[], 2]);
  });

  test("U17 an address that has expired is asked for anew", async () => {
    const { edge, get, transfer } = setUp();
    const packed = edge.pack("pack", smallFiles(3, 100));
    const alone = edge.hold(noise(100, 9));
    const blocks = [...packed, alone];
    await transfer.prefetch([encodeManifest(blocks)], signal);
    edge.expireAddresses();
    expect((await get(blocks)).bytes).toEqual(new Uint8Array([...smallFiles(3, 100), noise(100, 9)].flatMap((bytes) => [...bytes])));
  });

  test("U17 a block that the server does not have is told by its name", async () => {
    const { get } = setUp();
    const hash = blockHashSchema.parse("ab".repeat(32));
    await expect(get([{ hash, size: 1 }])).rejects.toMatchObject({ code: "not-found", hashes: [hash] });
  });

  test("U18 blocks in memory and on their way are bounded, however many files", async () => {
    const { edge, get } = setUp();
    const bytes = noise(30 * MiB, 1);
    const blocks = cutsOf(bytes).map((cut) => edge.hold(cut.bytes));
    let inFlight = 0;
    let most = 0;
    edge.before = async (what) => {
      if (what !== "fetch") return;
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
    };
    await Promise.all([get(blocks), get(blocks), get(blocks)]);
    expect(most).toBe(transfersInFlightMax);
  });

  test("U19 an abort ends a download with its reason, and leaves the pack to the others who wait for it", async () => {
    const { edge, get, transfer } = setUp();
    const [one, two] = edge.pack("pack", smallFiles(2, 100));
    if (one === undefined || two === undefined) throw new Error("two blocks were packed");
    await transfer.prefetch([encodeManifest([one, two])], signal);
    const stop = new AbortController();
    const gate = Promise.withResolvers<void>();
    edge.before = (what) => (what === "fetch" ? gate.promise : undefined);
    const left = transfer.download(encodeManifest([one]), memoryDraft(100), { signal: stop.signal }).catch((error: unknown) => error);
    const stayed = get([two]);
    await settled();
    stop.abort(new Error("enough"));
    expect(await left).toMatchObject({ message: "enough" });
    gate.resolve();
    expect((await stayed).bytes).toEqual(noise(100, 2));
    expect(edge.fetches).toHaveLength(1);
  });

  test("U20 a link's target is put together up to 4,096 bytes, and no further", async () => {
    const { edge, transfer } = setUp();
    const target = (size: number) => encodeManifest([edge.hold(noise(1, 1)), edge.hold(noise(size - 1, 2))]);
    const bytes = await transfer.downloadBytes(target(linkTargetBytesMax), signal);
    expect(bytes).toEqual(new Uint8Array([...noise(1, 1), ...noise(linkTargetBytesMax - 1, 2)]));
    await expect(transfer.downloadBytes(target(linkTargetBytesMax + 1), signal)).rejects.toMatchObject({ code: "bad-manifest" });
  });

  test("U20 a manifest that is none is refused before anything is asked", async () => {
    const { edge, transfer } = setUp();
    await expect(transfer.download("!", memoryDraft(0), { signal })).rejects.toMatchObject({ code: "bad-manifest" });
    expect(edge.locates).toEqual([]);
  });

  test("U21 whatever fails in between, what is written is what the manifest names, from wherever it is nearest", async () => {
    const chance = fc.double({ min: 0, max: 0.99, noNaN: true });
    await fc.assert(
      fc.asyncProperty(content, fc.infiniteStream(chance), fc.infiniteStream(chance), async (bytes, places, luck) => {
        const { disk, edge, knowledge, get } = setUp();
        const received = new Map<BlockHash, Uint8Array>();
        const near = new Set<BlockHash>();
        disk.put("other", bytes);
        const cuts = cutsOf(bytes);
        cuts.forEach((cut, index) => {
          const place = places.next().value ?? 0;
          if (cut.size < 64 * KiB) edge.pack(`pack-${index}`, [noise(10, 5), cut.bytes]);
          else edge.hold(cut.bytes);
          if (place > 0.8) received.set(cut.hash, cut.bytes);
          else if (place > 0.6) knowledge.local.set(cut.hash, { path: "other", offset: cut.offset });
          if (place > 0.6) near.add(cut.hash);
          else if (place > 0.4) knowledge.local.set(cut.hash, { path: "other", offset: cut.offset + 1 });
        });
        edge.before = () => {
          const fortune = luck.next().value ?? 0;
          if (fortune > 0.9) edge.expireAddresses();
          if (fortune > 0.7) throw new UnreachableError("bad luck");
        };
        edge.tamper = (sent) => ((luck.next().value ?? 0) > 0.8 ? sent.map((byte) => byte ^ 1) : sent);
        let draft: { bytes: Uint8Array } | undefined;
        for (let attempt = 0; draft === undefined && attempt < 1000; attempt++) draft = await get(cuts, received).catch(() => undefined);
        expect(Buffer.compare(draft?.bytes ?? noise(1, 1), bytes)).toBe(0);
        expect(edge.fetches.filter(({ url }) => [...near].some((hash) => url.includes(hash)))).toEqual([]);
        expect(disk.openHandles).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
