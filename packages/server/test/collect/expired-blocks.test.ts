import { leaseMs, prolongedMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import { type BlockOutcome, type BlockPorts, collectBlocks, planBlocks } from "../../src/collect/expired-blocks.ts";
import { newBlock, newUser, type TestBlock } from "../support/blocks.ts";
import { manualClock, memoryBucket, type MemoryBucket, noSleep } from "../support/ports.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

const bounds = { rows: 100, steps: 1, roundRuns: 1, leases: 100, blocks: 100 };
const minute = 60_000;

class House {
  readonly db = sqliteD1("blocks");
  readonly clock = manualClock();
  readonly bucket: MemoryBucket = memoryBucket();
  readonly index = createBlockIndex({ shards: [this.db], clock: this.clock });
  readonly reports: unknown[] = [];
  readonly ports: BlockPorts = {
    db: this.db,
    bucket: this.bucket,
    requireTime: () => {},
    report: (_message, cause) => this.reports.push(cause),
  };

  store(user = newUser(), block = newBlock()) {
    return storeBlock({ shards: [this.db], bucket: this.bucket, clock: this.clock, sleep: noSleep }, user, block, block.bytes);
  }

  async stored(user = newUser()): Promise<TestBlock> {
    const block = newBlock();
    const { type } = await this.store(user, block);
    if (type !== "stored") throw new Error(`the block is ${type}`);
    return block;
  }

  plan(after = "", some = bounds) {
    return planBlocks(this.db, { after, now: this.clock.now(), bounds: some });
  }

  async collect(ports: Partial<BlockPorts> = {}): Promise<BlockOutcome> {
    return collectBlocks({ ...this.ports, ...ports }, await this.plan(), bounds);
  }

  row({ hash }: TestBlock) {
    return this.db.raw.prepare("SELECT state, ref_count, delete_after FROM blocks WHERE hash = ?").get(hash);
  }

  has(block: TestBlock): { row: boolean; object: boolean } {
    return { row: this.row(block) !== undefined, object: this.bucket.objects.has(blockKey(block.hash)) };
  }

  count(table: string): unknown {
    return this.db.raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
  }
}

/** Cuts before or after the call of that number: nothing after it happens. */
function cutAt(house: House, at: number, fault: "before" | "after"): BlockPorts {
  let calls = 0;
  const through = async <Result>(happen: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    if (calls > at || (calls === at && fault === "before")) throw new Error("the process is gone");
    const result = await happen();
    if (calls === at) throw new Error("the process is gone");
    return result;
  };
  const { db, bucket } = house;
  return {
    ...house.ports,
    db: {
      batch: (statements) => through(() => db.batch(statements)),
      prepare: (sql) => {
        const statement = db.prepare(sql);
        return {
          ...statement,
          bind: (...values) => {
            const bound = statement.bind(...values);
            return Object.assign(bound, {
              all: (
                (all) => () =>
                  through(() => all.call(bound))
              )(bound.all.bind(bound)),
            });
          },
        };
      },
    },
    bucket: { ...bucket, delete: (keys) => through(() => bucket.delete(keys)) },
  };
}

const outOfTime = () => {
  throw new Error("the run's time is over");
};

const there = { row: true, object: true };
const gone = { row: false, object: false };

describe("blocks that nobody needs", () => {
  it("Q1 a block without a hold is there until its lease of 72 hours has passed, and gone after", async () => {
    const house = new House();
    const block = await house.stored();
    house.clock.forward(leaseMs - 1);
    expect(await house.collect()).toMatchObject({ deleted: 0 });
    expect(house.has(block)).toEqual(there);
    house.clock.forward(1);
    expect(await house.collect()).toEqual({ leases: 1, deleted: 1, bytesFreed: 100, errors: 0 });
    expect(house.has(block)).toEqual(gone);
    expect(house.count("holders")).toBe(0);
  });

  it("Q1 a block that is held, was released later, named by check, or sent again stays", async () => {
    const house = new House();
    const [ada, eve] = [newUser(), newUser()];
    const [held, released, named, sent] = [
      await house.stored(ada),
      await house.stored(ada),
      await house.stored(ada),
      await house.stored(ada),
    ];
    await house.index.hold(ada, [held, released], 0);
    house.clock.forward(leaseMs - minute);
    await house.index.release(ada, [released.hash], 1);
    await house.index.protect(eve, [named]);
    await house.store(eve, sent);
    house.clock.forward(minute);
    expect(await house.collect()).toEqual({ leases: 2, deleted: 0, bytesFreed: 0, errors: 0 });
    for (const block of [held, released, named, sent]) expect(house.has(block)).toEqual(there);
    house.clock.forward(leaseMs + prolongedMs);
    expect(await house.collect()).toMatchObject({ deleted: 3 });
    expect(house.has(held)).toEqual(there);
  });

  it("Q2 an expired lease goes while others hold the block, and the counts stay right (I8)", async () => {
    const house = new House();
    const [ada, eve] = [newUser(), newUser()];
    const block = await house.stored(ada);
    await house.store(eve, block);
    await house.index.hold(ada, [block], 0);
    house.clock.forward(leaseMs);
    expect(await house.collect()).toMatchObject({ leases: 1, deleted: 0 });
    expect(house.row(block)).toEqual({ state: "stored", ref_count: 1, delete_after: null });
    expect(house.count("holders")).toBe(1);
  });

  it("Q3 a block that never came is forgotten after 72 hours, and its object, if it came after all", async () => {
    for (const lost of ["before", "after"] as const) {
      const house = new House();
      const block = newBlock();
      const bucket: MemoryBucket = {
        ...house.bucket,
        put: async (key, body) => {
          if (lost === "after") await house.bucket.put(key, body);
          throw new Error("put: Network connection lost.");
        },
        head: async () => null,
      };
      await expect(
        storeBlock({ shards: [house.db], bucket, clock: house.clock, sleep: noSleep }, newUser(), block, block.bytes),
      ).rejects.toThrow("put:");
      house.clock.forward(leaseMs - 1);
      await house.collect();
      expect(house.row(block)).toMatchObject({ state: "pending" });
      house.clock.forward(1);
      await house.collect();
      expect(house.has(block)).toEqual(gone);
    }
  });
});

describe("a run that is cut", () => {
  it.each(["before", "after"] as const)("Q4 is finished by the next, wherever it was cut (%s a step)", async (fault) => {
    for (let at = 1; at <= 4; at++) {
      const house = new House();
      const ada = newUser();
      const [expired, held] = [await house.stored(ada), await house.stored(ada)];
      await house.index.hold(ada, [held], 0);
      house.clock.forward(leaseMs);
      const plan = await house.plan();
      const ports = cutAt(house, at, fault);
      await collectBlocks(ports, plan, bounds).catch(() => undefined);
      // A crash leaves the object at least as long as the row says that it is there (I1).
      expect(house.has(expired).object || house.row(expired)?.["state"] !== "stored").toBe(true);
      await house.collect();
      expect(house.has(expired)).toEqual(gone);
      expect(house.has(held)).toEqual(there);
      expect(house.reports.length).toBeLessThanOrEqual(1);
    }
  });

  it("Q5 leaves the row of a block whose deletion failed to the next run, since it may still land", async () => {
    const house = new House();
    const block = await house.stored();
    house.clock.forward(leaseMs);
    const bucket = { ...house.bucket, delete: () => Promise.reject(new Error("Network connection lost.")) };
    expect(await house.collect({ bucket })).toMatchObject({ deleted: 0, errors: 1 });
    expect(house.row(block)).toMatchObject({ state: "deleting" });
    expect(await house.store(newUser(), block)).toEqual({ type: "being-deleted" });
    expect(await house.collect()).toMatchObject({ deleted: 1, errors: 0 });
    expect(await house.store(newUser(), block)).toEqual({ type: "stored", sent: true });
  });

  it("Q5 sends no deletion once its time is over", async () => {
    const house = new House();
    const block = await house.stored();
    house.clock.forward(leaseMs);
    await expect(house.collect({ requireTime: outOfTime })).rejects.toThrow("time is over");
    expect(house.bucket.objects.has(blockKey(block.hash))).toBe(true);
  });
});

describe("fences between a plan and its execution", () => {
  it("Q6 a block that was held, named, or sent meanwhile is not deleted", async () => {
    const house = new House();
    const [ada, eve] = [newUser(), newUser()];
    const [held, named, sent] = [await house.stored(ada), await house.stored(ada), await house.stored(ada)];
    house.clock.forward(leaseMs - 1);
    const late = { ...house.clock, now: () => house.clock.now() + 1 };
    const plan = await planBlocks(house.db, { after: "", now: late.now(), bounds });
    expect(plan.expired).toHaveLength(3);
    // A Worker whose clock is behind.
    await house.index.hold(ada, [held], 0);
    await house.index.protect(eve, [named]);
    await house.store(eve, sent);
    expect(await collectBlocks(house.ports, plan, bounds)).toMatchObject({ deleted: 0 });
    for (const block of [held, named, sent]) expect(house.has(block)).toEqual(there);
  });

  it("Q6 a block that is marked cannot be held, is not had, and is not stored, until it is gone", async () => {
    const house = new House();
    const ada = newUser();
    const block = await house.stored(ada);
    house.clock.forward(leaseMs);
    const seen: unknown[] = [];
    const bucket: MemoryBucket = {
      ...house.bucket,
      delete: async (keys) => {
        await house.index.protect(ada, [block]);
        seen.push(
          await house.index.have(ada, [block.hash]),
          (await house.index.hold(ada, [block], 0)).refused,
          await house.store(ada, block),
        );
        await house.bucket.delete(keys);
        seen.push(await house.store(ada, block));
      },
    };
    expect(await house.collect({ bucket })).toMatchObject({ deleted: 1 });
    expect(seen).toEqual([new Set(), new Set([block.hash]), { type: "being-deleted" }, { type: "being-deleted" }]);
    expect(await house.store(ada, block)).toEqual({ type: "stored", sent: true });
  });
});

describe("the plan", () => {
  it("Q7 looks at a bounded part of the shard and says where the next one begins", async () => {
    const house = new House();
    for (let i = 0; i < 5; i++) await house.stored();
    house.clock.forward(leaseMs);
    const few = { rows: 2, steps: 1, roundRuns: 1, leases: 100, blocks: 100 };
    const first = await house.plan("", few);
    expect(first).toMatchObject({ seen: 2, isLast: false, expiredLeases: 2 });
    const second = await house.plan(first.upTo, few);
    const third = await house.plan(second.upTo, few);
    expect(third).toMatchObject({ seen: 1, isLast: true });
    const all = [first, second, third].flatMap(({ expired }) => expired.map(({ hash }) => hash));
    expect(all).toEqual(all.toSorted());
    expect(new Set(all).size).toBe(5);
  });

  it("Q7 plans as many blocks and leases as it may, and goes on after them", async () => {
    const house = new House();
    for (let i = 0; i < 3; i++) await house.stored();
    house.clock.forward(leaseMs);
    const two = await house.plan("", { rows: 100, steps: 1, roundRuns: 1, leases: 2, blocks: 2 });
    expect(two).toMatchObject({ isLast: false, expiredLeases: 2, upTo: two.expired[1]?.hash });
    expect(await house.plan("", { rows: 100, steps: 1, roundRuns: 1, leases: 3, blocks: 4 })).toMatchObject({
      isLast: true,
      expiredLeases: 3,
    });
    expect(await collectBlocks(house.ports, two, { rows: 100, steps: 1, roundRuns: 1, leases: 2, blocks: 2 })).toMatchObject({
      leases: 2,
      deleted: 2,
    });
  });

  it("Q8 a run walks on, statement by statement, until its share of the round is done, and no further than it may", async () => {
    const house = new House();
    for (let i = 0; i < 96; i++) await house.stored();
    house.clock.forward(leaseMs);
    const daily = { rows: 2, steps: 100, roundRuns: 4, leases: 100, blocks: 100 };
    let [after, runs, found] = ["", 0, 0];
    for (let isLast = false; !isLast; runs++) {
      const plan = await house.plan(after, daily);
      found += plan.expired.length;
      expect(plan.expiredLeases).toBe(plan.expired.length);
      ({ upTo: after, isLast } = plan);
    }
    // The last of the four may end at the very end of the names, and a fifth find out that it is the end.
    expect(runs).toBeGreaterThanOrEqual(4);
    expect(runs).toBeLessThanOrEqual(5);
    expect(found).toBe(96);
    expect(await house.plan("", { ...daily, steps: 3 })).toMatchObject({ seen: 6, isLast: false });
  });

  it("Q7 of an empty shard is empty", async () => {
    expect(await new House().plan()).toMatchObject({ seen: 0, isLast: true, upTo: "", expired: [], unfinished: [], expiredLeases: 0 });
  });
});
