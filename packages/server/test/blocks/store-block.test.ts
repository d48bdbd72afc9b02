import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import type { Database } from "../../src/ports.ts";
import { leaseMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { newBlock, newUser } from "../support/blocks.ts";
import { manualClock, memoryBucket, type MemoryBucket, noSleep } from "../support/ports.ts";
import { type Fault, faultyDatabase, sqliteD1 } from "../support/sqlite-d1.ts";

function setUp(bucket: MemoryBucket = memoryBucket()) {
  const db = sqliteD1("blocks");
  const clock = manualClock();
  const index = createBlockIndex({ shards: [db], clock });
  return { db, clock, bucket, index };
}

/** Fails the batch of that number, counted from 0. */
function failing(db: ReturnType<typeof sqliteD1>, number: number, fault: Fault): Database {
  let count = 0;
  return faultyDatabase(db, () => (count++ === number ? fault : undefined));
}

/** Refuses a write of a key within a second of the one before, or while that is under way. */
function oneWriteASecond(clock: { now(): number }): MemoryBucket & { refused: number } {
  const bucket = memoryBucket();
  let last = Number.NEGATIVE_INFINITY;
  const strict = {
    ...bucket,
    refused: 0,
    put: async (...[key, body, options]: Parameters<MemoryBucket["put"]>) => {
      if (clock.now() - last < 1000) {
        strict.refused++;
        throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
      }
      last = clock.now();
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
      await bucket.put(key, body, options);
    },
  };
  return strict;
}

for (const fault of ["before", "after"] as const) {
  for (const step of [0, 1]) {
    test(`B7 a crash ${fault} step ${step} of storing leaves no holder of a block that is not there, and sending it again mends it`, async () => {
      const { db, clock, bucket, index } = setUp();
      const user = newUser();
      const block = newBlock();
      const broken = { shards: [failing(db, step, fault)], bucket, clock, sleep: noSleep };
      await expect(storeBlock(broken, user, block, block.bytes)).rejects.toThrow("connection lost");
      const have = await index.have(user, [block.hash]);
      expect(have.has(block.hash)).toBe(fault === "after" && step === 1);
      // Who has it finds it, and whatever is in the bucket, its row protects it from collection.
      const inBucket = bucket.objects.has(blockKey(block.hash));
      const protectedUntil = db.raw.prepare("SELECT protected_until AS p FROM blocks").get()?.["p"];
      expect(!have.has(block.hash) || inBucket).toBe(true);
      expect(!inBucket || protectedUntil === clock.now() + leaseMs).toBe(true);
      expect(await storeBlock({ shards: [db], bucket, clock, sleep: noSleep }, user, block, block.bytes)).toMatchObject({ type: "stored" });
      expect(await index.have(user, [block.hash])).toEqual(new Set([block.hash]));
    });
  }
}

test("B7 when the bucket refuses, nobody becomes a holder", async () => {
  const { db, clock, bucket, index } = setUp(memoryBucket(() => true));
  const user = newUser();
  const block = newBlock();
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  await expect(storeBlock({ shards: [db], bucket, clock, sleep }, user, block, block.bytes)).rejects.toThrow("put:");
  expect(slept).toHaveLength(3);
  expect(await index.have(user, [block.hash])).toEqual(new Set());
  expect(db.raw.prepare("SELECT state FROM blocks").get()).toEqual({ state: "pending" });
});

test("B8 bytes of another hash are refused by the bucket too", async () => {
  const { db, clock, bucket, index } = setUp();
  const user = newUser();
  const block = newBlock();
  await expect(storeBlock({ shards: [db], bucket, clock, sleep: noSleep }, user, block, newBlock().bytes)).rejects.toThrow("SHA-256");
  expect(bucket.objects.size).toBe(0);
  expect(await index.have(user, [block.hash])).toEqual(new Set());
});

test("B9 a block that its sender has already is not written again, and one that only others have is", async () => {
  const { db, clock, bucket, index } = setUp();
  const [ada, eve] = [newUser(), newUser()];
  const block = newBlock();
  const ports = { shards: [db], bucket, clock, sleep: noSleep };
  expect(await storeBlock(ports, ada, block, block.bytes)).toEqual({ type: "stored", sent: true });
  expect(await storeBlock(ports, ada, block, block.bytes)).toEqual({ type: "stored", sent: false });
  expect(bucket.puts).toHaveLength(1);
  expect(await storeBlock(ports, eve, block, block.bytes)).toEqual({ type: "stored", sent: true });
  expect(bucket.puts).toHaveLength(2);
  for (const user of [ada, eve]) expect(await index.have(user, [block.hash])).toEqual(new Set([block.hash]));
  clock.forward(leaseMs);
  expect(await storeBlock(ports, ada, block, block.bytes)).toEqual({ type: "stored", sent: true });
});

test("B45 of many who send one block at once each succeeds, though the bucket takes one write a second of it", async () => {
  const { db, clock, index } = setUp();
  const bucket = oneWriteASecond(clock);
  const block = newBlock();
  const users = Array.from({ length: 8 }, newUser);
  const sleep = async (ms: number) => clock.forward(Math.ceil(ms / users.length));
  const outcomes = await Promise.all(users.map((user) => storeBlock({ shards: [db], bucket, clock, sleep }, user, block, block.bytes)));
  expect(outcomes).toEqual(users.map(() => ({ type: "stored", sent: true })));
  for (const user of users) expect(await index.have(user, [block.hash])).toEqual(new Set([block.hash]));
  expect(bucket.refused).toBeGreaterThan(0);
});

test("B45 when the write that another was turned away for fails, the other writes again", async () => {
  let refusals = 2;
  const { db, clock, bucket, index } = setUp(memoryBucket(() => refusals-- > 0));
  const user = newUser();
  const block = newBlock();
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  expect(await storeBlock({ shards: [db], bucket, clock, sleep }, user, block, block.bytes)).toEqual({ type: "stored", sent: true });
  expect(bucket.puts).toHaveLength(3);
  expect(Math.min(...slept)).toBeGreaterThan(1000);
  expect(await index.have(user, [block.hash])).toEqual(new Set([block.hash]));
});

test("B9 an uploader whom the bucket turns away because another just wrote the same block succeeds", async () => {
  const bucket = memoryBucket();
  const racing: MemoryBucket = {
    ...bucket,
    put: async (key, body, options) => {
      await bucket.put(key, body, options);
      throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
    },
  };
  const { db, clock, index } = setUp(racing);
  const user = newUser();
  const block = newBlock();
  expect(await storeBlock({ shards: [db], bucket: racing, clock, sleep: noSleep }, user, block, block.bytes)).toMatchObject({
    type: "stored",
  });
  expect(await index.have(user, [block.hash])).toEqual(new Set([block.hash]));
});

test("B10 sending a held block again leaves it held", async () => {
  const { db, clock, bucket, index } = setUp();
  const user = newUser();
  const block = newBlock();
  await storeBlock({ shards: [db], bucket, clock, sleep: noSleep }, user, block, block.bytes);
  await index.hold(user, [block], 0);
  await storeBlock({ shards: [db], bucket, clock, sleep: noSleep }, user, block, block.bytes);
  expect(db.raw.prepare("SELECT ref_count AS n FROM blocks").get()).toEqual({ n: 1 });
});
