import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { leaseMs, prolongedMs } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newBlock, newUser, type TestBlock } from "../support/blocks.ts";
import { manualClock, memoryBucket, noSleep } from "../support/ports.ts";
import { sqliteD1, type SqliteD1 } from "../support/sqlite-d1.ts";

function setUp() {
  const shards = [sqliteD1("blocks"), sqliteD1("blocks")];
  const clock = manualClock();
  const bucket = memoryBucket();
  const index = createBlockIndex({ shards, clock });
  const put = (user: UserId, block: TestBlock) => storeBlock({ shards, bucket, clock, sleep: noSleep }, user, block, block.bytes);
  return { shards, clock, bucket, index, put };
}

const rowOf = (shards: SqliteD1[], hash: BlockHash) =>
  shards.map((db) => db.raw.prepare("SELECT * FROM blocks WHERE hash = ?").get(hash)).find((row) => row !== undefined);

test("B1 only who has sent a block has it: for anyone else it counts as missing", async () => {
  const { index, put } = setUp();
  const [ada, eve] = [newUser(), newUser()];
  const blocks = [newBlock(), newBlock(), newBlock()];
  for (const block of blocks) await put(ada, block);
  const hashes = [...blocks.map((block) => block.hash), newBlock().hash];
  expect(await index.have(ada, hashes)).toEqual(new Set(hashes.slice(0, 3)));
  expect(await index.have(eve, hashes)).toEqual(new Set());
  expect((await index.hold(eve, blocks, 0)).refused).toEqual(new Set(hashes.slice(0, 3)));
});

test("B2 what was sent is leased for 72 hours, and held from the commit that names it", async () => {
  const { shards, clock, index, put } = setUp();
  const user = newUser();
  const [leased, held] = [newBlock(), newBlock()];
  await put(user, leased);
  await put(user, held);
  expect((await index.hold(user, [held], 0)).refused).toEqual(new Set());
  expect(rowOf(shards, held.hash)).toMatchObject({ ref_count: 1, delete_after: null });
  expect(rowOf(shards, leased.hash)).toMatchObject({ ref_count: 0, delete_after: clock.now() + leaseMs });
  clock.forward(leaseMs - 1);
  expect(await index.have(user, [leased.hash, held.hash])).toEqual(new Set([leased.hash, held.hash]));
  clock.forward(1);
  expect(await index.have(user, [leased.hash, held.hash])).toEqual(new Set([held.hash]));
  expect((await index.hold(user, [leased], 0)).refused).toEqual(new Set([leased.hash]));
});

test("B2 a released block is a lease of 72 hours again, and can be held again", async () => {
  const { shards, clock, index, put } = setUp();
  const user = newUser();
  const block = newBlock();
  await put(user, block);
  await index.hold(user, [block], 0);
  clock.forward(10 * leaseMs);
  await index.release(user, [block.hash], 1);
  expect(rowOf(shards, block.hash)).toMatchObject({ ref_count: 0, delete_after: clock.now() + leaseMs });
  expect((await index.hold(user, [block], 1)).refused).toEqual(new Set());
  expect(rowOf(shards, block.hash)).toMatchObject({ ref_count: 1, delete_after: null });
});

test("L1 a release that arrives after the block was held anew changes nothing", async () => {
  const { shards, index, put } = setUp();
  const user = newUser();
  const block = newBlock();
  await put(user, block);
  await index.hold(user, [block], 0);
  await index.hold(user, [block], 1);
  await index.release(user, [block.hash], 1);
  expect(rowOf(shards, block.hash)).toMatchObject({ ref_count: 1, delete_after: null });
});

test("L2 a hold that arrives after its commit was undone changes nothing", async () => {
  const { shards, clock, index, put } = setUp();
  const user = newUser();
  const block = newBlock();
  await put(user, block);
  const lease = { ref_count: 0, delete_after: clock.now() + leaseMs };
  await index.release(user, [block.hash], 1);
  expect(rowOf(shards, block.hash)).toMatchObject(lease);
  expect((await index.hold(user, [block], 0)).refused).toEqual(new Set([block.hash]));
  expect(rowOf(shards, block.hash)).toMatchObject(lease);
});

test("B26 a block that a commit names with another size than it has is refused with bad-manifest", async () => {
  const { index, put } = setUp();
  const user = newUser();
  const block = newBlock(100);
  await put(user, block);
  await expect(index.hold(user, [{ hash: block.hash, size: 99 }], 0)).rejects.toMatchObject({ code: "bad-manifest" });
});

test("B3 a block named by check is protected for 72 hours, whoever has it, and makes nobody a holder", async () => {
  const { shards, clock, index, put } = setUp();
  const [ada, eve] = [newUser(), newUser()];
  const block = newBlock();
  await put(ada, block);
  clock.forward(leaseMs - 1);
  await index.protect(eve, [block]);
  expect(rowOf(shards, block.hash)).toMatchObject({ protected_until: clock.now() + leaseMs + prolongedMs });
  expect(await index.have(eve, [block.hash])).toEqual(new Set());
  await index.protect(ada, [block]);
  clock.forward(leaseMs - 1);
  expect(await index.have(ada, [block.hash])).toEqual(new Set([block.hash]));
});

test("B29 asking about the same blocks again writes nothing within the hour, and keeps 72 hours before them", async () => {
  const { shards, clock, index, put } = setUp();
  const [ada, eve] = [newUser(), newUser()];
  const block = newBlock();
  await put(ada, block);
  const written = () => shards.reduce((total, db) => total + Number(db.raw.prepare("SELECT total_changes() AS n").get()?.["n"]), 0);
  clock.forward(1);
  for (const user of [ada, eve]) await index.protect(user, [block]);
  const before = written();
  clock.forward(prolongedMs);
  for (const user of [ada, eve]) {
    await index.protect(user, [block]);
    await index.lookUp(user, [block.hash]);
  }
  expect(written()).toBe(before);
  expect(rowOf(shards, block.hash)).toMatchObject({ protected_until: clock.now() + leaseMs, delete_after: clock.now() + leaseMs });
  clock.forward(1);
  await index.protect(eve, [block]);
  expect(written()).toBe(before + 1);
});

test("B3 naming blocks that nobody ever sent leaves no trace", async () => {
  const { shards, index } = setUp();
  await index.protect(newUser(), [newBlock(), newBlock()]);
  for (const db of shards) expect(db.raw.prepare("SELECT count(*) AS n FROM blocks").get()).toEqual({ n: 0 });
});

test("B4 a block that is being collected counts as absent, takes no lease, and is not brought back", async () => {
  const { shards, bucket, clock, index, put } = setUp();
  const user = newUser();
  const block = newBlock();
  await put(user, block);
  for (const db of shards) db.raw.exec("UPDATE blocks SET state = 'deleting'");
  const before = rowOf(shards, block.hash);
  clock.forward(1000);
  await index.protect(user, [block]);
  expect(await index.have(user, [block.hash])).toEqual(new Set());
  expect((await index.hold(user, [block], 0)).refused).toEqual(new Set([block.hash]));
  expect(await put(user, block)).toEqual({ type: "being-deleted" });
  expect(bucket.puts).toEqual([blockKey(block.hash)]);
  expect(rowOf(shards, block.hash)).toEqual(before);
});

test("B5 a statement about more blocks than one parameter holds is split", async () => {
  const { index, put } = setUp();
  const user = newUser();
  const block = newBlock();
  await put(user, block);
  const many = Array.from({ length: 45_000 }, (_, number) => number.toString(16).padStart(64, "0") as BlockHash);
  expect(await index.have(user, [...many, block.hash])).toEqual(new Set([block.hash]));
});

type Step = { user: number; block: number; action: "put" | "hold" | "release" | "protect" | "wait" };
const steps = fc.array(
  fc.record<Step>({
    user: fc.nat(2),
    block: fc.nat(2),
    action: fc.constantFrom("put", "hold", "release", "protect", "wait"),
  }),
  { maxLength: 40 },
);

test("B6 ref_count is the number of held rows and delete_after the latest lease, after any history (I8)", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const { shards, clock, index, put } = setUp();
      const users = [newUser(), newUser(), newUser()];
      const blocks = [newBlock(), newBlock(), newBlock()];
      let generation = 0;
      for (const { user: whose, block: which, action } of history) {
        const user = users[whose] ?? newUser();
        const block = blocks[which] ?? newBlock();
        if (action === "put") await put(user, block);
        else if (action === "wait") clock.forward(leaseMs / 4);
        else if (action === "protect") await index.protect(user, [block]);
        else if (action === "hold") await index.hold(user, [block], generation);
        else await index.release(user, [block.hash], (generation += 1));
      }
      for (const db of shards) {
        const derived = `SELECT hash, (SELECT count(*) FROM holders h WHERE h.hash = b.hash AND expires_at IS NULL) AS refs,
          (SELECT max(expires_at) FROM holders h WHERE h.hash = b.hash) AS latest FROM blocks b`;
        const expected = db.raw
          .prepare(derived)
          .all()
          .map(({ hash, refs, latest }) => ({
            hash,
            ref_count: refs,
            delete_after: refs === 0 ? (latest ?? 0) : null,
          }));
        const actual = db.raw
          .prepare("SELECT hash, ref_count, delete_after FROM blocks")
          .all()
          .map((row) => ({ ...row }));
        expect(actual).toEqual(expected);
      }
    }),
    { numRuns: 60 },
  );
});

test("B6 the triggers follow a holder row that is removed", async () => {
  const { shards, clock, index, put } = setUp();
  const [ada, eve] = [newUser(), newUser()];
  const block = newBlock();
  await put(ada, block);
  await put(eve, block);
  await index.hold(ada, [block], 0);
  for (const db of shards) db.raw.prepare("DELETE FROM holders WHERE user_id = ?").run(ada);
  expect(rowOf(shards, block.hash)).toMatchObject({ ref_count: 0, delete_after: clock.now() + leaseMs });
  for (const db of shards) db.raw.prepare("DELETE FROM holders").run();
  expect(rowOf(shards, block.hash)).toMatchObject({ ref_count: 0, delete_after: 0 });
});
