import { DiskError, type EarlyFetching, UnreachableError } from "@ashlar/client/ports";
import type { BlockHash } from "@ashlar/shared/ids";
import { earlyAtOnceMax, earlyMs, earlyWaitingMax } from "@ashlar/shared/limits";
import { type BlockRef, encodeManifest } from "@ashlar/shared/manifest";
import type { ComingBlock } from "@ashlar/shared/protocol/change";
import * as fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { manualClock, settled } from "../support/clocks.ts";
import { cutsOf, KiB, MiB, noise } from "../support/content.ts";
import { memoryDraft } from "../support/memory-disk.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";

const { signal } = new AbortController();
const size = 100 * KiB;
const open: EarlyFetching[] = [];
afterEach(async () => {
  for (const fetching of open.splice(0)) await fetching[Symbol.asyncDispose]();
});

const draftOf = (blocks: readonly BlockRef[]) => memoryDraft(blocks.reduce((sum, block) => sum + block.size, 0));
const nowhere = (count: number): ComingBlock[] =>
  Array.from({ length: count }, (_, index) => ({ hash: index.toString(16).padStart(64, "0") as BlockHash, size, url: "/nowhere" }));

function setUp(bytesMax = 100 * MiB, store = new MemoryStore()) {
  const clock = manualClock();
  const world = memoryTransfer({ early: { store, clock, bytesMax } });
  const { edge, transfer } = world;
  const fetching = transfer.fetchEarly?.(signal);
  if (fetching === undefined) throw new Error("this transfer has an early store");
  open.push(fetching);
  /** As the server tells it. */
  const coming = async (blocks: readonly BlockRef[]): Promise<ComingBlock[]> => {
    const told = await edge.locate(blocks.map(({ hash }) => hash));
    edge.locates.pop();
    return told.map(({ hash, size: bytes, url }) => ({ hash, size: bytes, url }));
  };
  const hear = async (blocks: readonly BlockRef[]) => fetching.hear(await coming(blocks));
  const get = async (blocks: readonly BlockRef[], draft = draftOf(blocks)) => {
    await transfer.download(encodeManifest(blocks), draft, { signal });
    return draft;
  };
  const holdMany = (count: number) => Array.from({ length: count }, (_, index) => edge.hold(noise(size, index + 1)));
  return { ...world, clock, early: store, fetching, coming, hear, get, holdMany };
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled();
}

/** Fetches wait until the answer is called. */
function gate(edge: ReturnType<typeof setUp>["edge"]): () => void {
  const opened = Promise.withResolvers<void>();
  edge.before = (what) => (what === "fetch" ? opened.promise : undefined);
  return opened.resolve;
}

describe("blocks of a file that is still being sent", () => {
  test("U74 are fetched before anybody wants them, and their download asks the edge for nothing", async () => {
    const { edge, early, hear, get } = setUp();
    const bytes = noise(12 * MiB, 1);
    const blocks = cutsOf(bytes).map((cut) => edge.hold(cut.bytes));
    await hear(blocks);
    await quiet();
    expect(new Set(early.files.keys())).toEqual(new Set(blocks.map(({ hash }) => hash)));
    const fetches = edge.fetches.length;
    expect(Buffer.compare((await get(blocks)).bytes, bytes)).toBe(0);
    expect([edge.fetches.length - fetches, edge.locates]).toEqual([0, []]);
  });

  test("U74 are not fetched where they are here already, or as often as they are told of", async () => {
    const { edge, disk, knowledge, hear, holdMany } = setUp();
    const [here, one] = holdMany(2);
    if (here === undefined || one === undefined) throw new Error("two were held");
    disk.put("other", noise(size, 1));
    knowledge.local.set(here.hash, { path: "other", offset: 0 });
    await hear([here, one, one]);
    await hear([one]);
    await quiet();
    await hear([one]);
    await quiet();
    expect(edge.fetches).toHaveLength(1);
  });

  test("U75 that are on their way are waited for, those that wait are the download's own, and it hears of no more", async () => {
    const { edge, early, hear, get, holdMany } = setUp();
    const release = gate(edge);
    const blocks = holdMany(earlyAtOnceMax + 3);
    await hear(blocks.slice(0, -1));
    await settled();
    const done = get(blocks);
    await settled();
    await hear(blocks);
    await settled();
    release();
    await done;
    await quiet();
    expect(edge.fetches).toHaveLength(blocks.length);
    expect(edge.locates.flat().toSorted()).toEqual(
      blocks
        .slice(earlyAtOnceMax)
        .map(({ hash }) => hash)
        .toSorted(),
    );
    expect(early.files.size).toBe(0);
  });

  test("U75 that two downloads want stay until both have them", async () => {
    const { edge, early, hear, get, holdMany } = setUp();
    const blocks = holdMany(3);
    await hear(blocks);
    await quiet();
    await Promise.all([get(blocks), get(blocks.toReversed())]);
    await quiet();
    expect([edge.fetches.length, early.files.size]).toEqual([3, 0]);
  });

  test("U76 are fetched four at a time, no more are kept than there is room, and those that came first stay", async () => {
    const { edge, early, hear, holdMany } = setUp(5 * size);
    const blocks = holdMany(8);
    let inFlight = 0;
    let most = 0;
    edge.before = async (what) => {
      if (what !== "fetch") return;
      most = Math.max(most, ++inFlight);
      await settled();
      inFlight--;
    };
    await hear(blocks);
    await quiet();
    await hear(blocks);
    await quiet();
    expect([most, early.bytesMost]).toEqual([earlyAtOnceMax, 5 * size]);
    expect([...early.files.keys()].toSorted()).toEqual(
      blocks
        .slice(0, 5)
        .map(({ hash }) => hash)
        .toSorted(),
    );
    expect(edge.fetches).toHaveLength(5);
  });

  test("U76 wait up to a thousand, and no more are remembered", async () => {
    const { edge, fetching } = setUp();
    const release = gate(edge);
    fetching.hear(nowhere(10_000));
    release();
    await expect.poll(() => edge.fetches.length).toBe(earlyWaitingMax);
    await quiet();
    expect(edge.fetches).toHaveLength(earlyWaitingMax);
  });

  test("U78 go when they are placed, at the start, at the end, and when nothing more was heard of for 15 minutes", async () => {
    const store = new MemoryStore();
    store.files.set("ab".repeat(32) as BlockHash, noise(10, 1));
    const { clock, early, fetching, hear, get, holdMany } = setUp(100 * MiB, store);
    await quiet();
    expect(early.files.size).toBe(0);
    const blocks = holdMany(4);
    await hear(blocks.slice(0, 2));
    await quiet();
    await get(blocks.slice(0, 1));
    await quiet();
    expect([...early.files.keys()]).toEqual([blocks[1]?.hash]);
    await clock.advance(earlyMs - 1000);
    await hear(blocks.slice(2, 3));
    await quiet();
    await clock.advance(earlyMs - 1000);
    expect(early.files.size).toBe(2);
    await clock.advance(earlyMs);
    await quiet();
    expect(early.files.size).toBe(0);
    await hear(blocks.slice(3));
    await quiet();
    expect(early.files.size).toBe(1);
    await fetching[Symbol.asyncDispose]();
    expect(early.files.size).toBe(0);
  });

  test("U78 go when the disk is full, and no more come for 15 minutes", async () => {
    const { clock, edge, early, hear, get, holdMany } = setUp();
    const blocks = holdMany(3);
    await hear(blocks);
    await quiet();
    const draft = draftOf(blocks);
    draft.write = () => Promise.reject(new DiskError("no-space", "f"));
    await expect(get(blocks, draft)).rejects.toMatchObject({ code: "no-space" });
    await quiet();
    expect(early.files.size).toBe(0);
    await hear(blocks);
    await quiet();
    expect([early.files.size, edge.fetches.length]).toEqual([0, 3]);
    await clock.advance(earlyMs);
    early.before = (what) => {
      if (what === "write") throw new Error("no space");
    };
    await hear(blocks);
    await quiet();
    early.before = () => undefined;
    const fetches = edge.fetches.length;
    await hear(blocks);
    await quiet();
    expect([early.files.size, edge.fetches.length]).toEqual([0, fetches]);
  });

  test("U78 are no longer fetched when the client stops, and nothing is left", async () => {
    const { edge, early, fetching, hear, holdMany } = setUp();
    const release = gate(edge);
    await hear(holdMany(6));
    await settled();
    const ended = fetching[Symbol.asyncDispose]();
    release();
    await ended;
    await quiet();
    expect([edge.fetches.length, early.files.size]).toEqual([earlyAtOnceMax, 0]);
  });

  test("U77 whatever is told, lost, repeated or damaged on the way or on the disk, the download is right", async () => {
    const chance = fc.double({ min: 0, max: 0.99, noNaN: true });
    const bytes = noise(6 * MiB, 1);
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(chance), async (luck) => {
        const lucky = (limit: number) => (luck.next().value ?? 0) > limit;
        const { edge, early, fetching, coming, get } = setUp(4 * MiB);
        const cuts = cutsOf(bytes);
        for (const cut of cuts) edge.hold(cut.bytes);
        edge.before = async () => {
          if (lucky(0.5)) await settled();
          if (lucky(0.8)) throw new UnreachableError("bad luck");
        };
        edge.tamper = (sent) => (lucky(0.8) ? sent.map((byte) => byte ^ 1) : sent);
        early.before = (what) => {
          if (lucky(0.9)) throw new Error(`no ${what}`);
        };
        let draft: { bytes: Uint8Array } | undefined;
        for (let attempt = 0; draft === undefined && attempt < 1000; attempt++) {
          const told = await coming(cuts).catch(() => []);
          for (const block of told) {
            const dice = luck.next().value ?? 0;
            if (dice > 0.8) fetching.hear([{ ...block, size: block.size - 1 }]);
            else if (dice > 0.6) fetching.hear([{ ...block, url: told[0]?.url ?? "" }]);
            else if (dice > 0.2) fetching.hear([block]);
            if (lucky(0.5)) await settled();
          }
          for (const [hash, kept] of early.files) if (lucky(0.9)) early.files.set(hash, kept.subarray(1));
          draft = await get(cuts).catch(() => undefined);
        }
        expect(Buffer.compare(draft?.bytes ?? noise(1, 1), bytes)).toBe(0);
        expect(early.bytesMost).toBeLessThanOrEqual(4 * MiB);
        await fetching[Symbol.asyncDispose]();
      }),
      { numRuns: 30 },
    );
  });
});

test("U79 a device that sends is told of each large block that the server has as a whole, and of none that it makes of a delta", async () => {
  const sent: BlockHash[] = [];
  const { disk, edge, transfer } = memoryTransfer({ onSent: (hash) => sent.push(hash) });
  const bytes = noise(6 * MiB, 1);
  const cuts = cutsOf(bytes);
  const [first, second] = cuts;
  if (first === undefined || second === undefined) throw new Error("there are some blocks");
  edge.hold(first.bytes);
  edge.holdOfOthers(second.bytes);
  disk.put("file", bytes);
  const { manifest } = await transfer.upload("file", { signal });
  expect(sent.toSorted()).toEqual(cuts.map(({ hash }) => hash).toSorted());
  const edited = bytes.slice();
  edited[3 * MiB] = 1;
  disk.put("file", edited);
  const { deltas } = await transfer.upload("file", { signal, before: manifest });
  expect([deltas.length + edge.deltas.length > 0, sent.length]).toEqual([true, cuts.length]);
});
