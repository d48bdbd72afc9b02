import { leaseMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import { collect, collectBounds, type CollectPorts } from "../../src/collect/collect.ts";
import type { RunKind, RunRecord } from "../../src/collect/runs.ts";
import type { Database } from "../../src/ports.ts";
import { newBlock, newUser, type TestBlock } from "../support/blocks.ts";
import { manualClock, memoryBucket, noSleep, randomBytes, sha256 } from "../support/ports.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

const hour = 3_600_000;

/** An edge with one shard of each kind, whose collector goes by the same clock as everything else. */
class Edge {
  readonly clock = manualClock();
  readonly directory = sqliteD1("directory");
  readonly meta = sqliteD1("meta");
  readonly db = sqliteD1("blocks");
  readonly bucket = memoryBucket(undefined, this.clock);
  readonly index = createBlockIndex({ shards: [this.db], clock: this.clock });
  readonly lines: string[] = [];
  readonly reports: unknown[] = [];
  readonly ports: CollectPorts = {
    directory: this.directory,
    metaShards: [this.meta],
    indexShards: [this.db],
    bucket: this.bucket,
    tend: () => Promise.reject(new Error("no user is expected")),
    clock: this.clock,
    random: randomBytes,
    sha256,
    report: (_message, cause) => this.reports.push(cause),
    log: (line) => this.lines.push(line),
  };

  async run(kind: RunKind = "collect", ports: Partial<CollectPorts> = {}, bounds = collectBounds): Promise<RunRecord> {
    const record = await collect({ ...this.ports, ...ports }, { kind, now: this.clock.now(), bounds });
    if (record === undefined) throw new Error("another run is under way");
    return record;
  }

  store(user: ReturnType<typeof newUser>, block: TestBlock) {
    return storeBlock({ shards: [this.db], bucket: this.bucket, clock: this.clock, sleep: noSleep }, user, block, block.bytes);
  }

  async held(user = newUser()) {
    const block = newBlock();
    await this.store(user, block);
    await this.index.hold(user, [block], 0);
    return block;
  }

  row({ hash }: TestBlock) {
    return this.db.raw.prepare("SELECT state, ref_count FROM blocks WHERE hash = ?").get(hash);
  }

  rot(block: TestBlock): void {
    this.bucket.objects.set(blockKey(block.hash), new Uint8Array(block.size));
  }
}

describe("the scrub", () => {
  it("Q40 a missing or rotten block is marked and reported, keeps its holders, and is asked of everybody, holders too", async () => {
    const edge = new Edge();
    const [ada, eve] = [newUser(), newUser()];
    const [missing, rotten, whole] = [await edge.held(ada), await edge.held(ada), await edge.held(ada)];
    edge.bucket.objects.delete(blockKey(missing.hash));
    edge.rot(rotten);
    const record = await edge.run();
    expect(record).toMatchObject({ errors: 2 });
    expect(new Set(record.parts["scrub-blocks/0"]?.["damaged"] as string[])).toEqual(new Set([missing.hash, rotten.hash]));
    for (const block of [missing, rotten]) {
      expect(edge.row(block)).toEqual({ state: "damaged", ref_count: 1 });
      for (const user of [ada, eve]) expect(await edge.index.have(user, [block.hash])).toEqual(new Set());
      expect(await edge.index.hold(ada, [block], 0)).toEqual(new Set([block.hash]));
    }
    expect(edge.row(whole)).toEqual({ state: "stored", ref_count: 1 });
    expect(await edge.run()).toMatchObject({ errors: 0, parts: { "scrub-blocks/0": { stillDamaged: 2 } } });
  });

  it("Q41 whoever sends a damaged block heals it: holders and counts are as they were, and the sender has it too", async () => {
    const edge = new Edge();
    const [ada, eve] = [newUser(), newUser()];
    const [missing, rotten] = [await edge.held(ada), await edge.held(ada)];
    edge.bucket.objects.delete(blockKey(missing.hash));
    edge.rot(rotten);
    await edge.run();
    expect(await edge.store(eve, missing)).toEqual({ type: "stored", sent: true });
    expect(await edge.store(ada, rotten)).toEqual({ type: "stored", sent: true });
    for (const block of [missing, rotten]) {
      expect(edge.row(block)).toEqual({ state: "stored", ref_count: 1 });
      expect(await edge.index.have(ada, [block.hash])).toEqual(new Set([block.hash]));
      expect(sha256(edge.bucket.objects.get(blockKey(block.hash)) ?? new Uint8Array())).toEqual(sha256(block.bytes));
    }
    expect(await edge.index.have(eve, [missing.hash])).toEqual(new Set([missing.hash]));
    expect(await edge.run()).toMatchObject({ errors: 0 });
  });

  it("Q41 only who has put the bytes heals: neither a put that failed nor a sender who saw the block whole", async () => {
    const edge = new Edge();
    const ada = newUser();
    const block = await edge.held(ada);
    // The scrub comes between the look at the row and the lease of a sender who has put nothing.
    let batches = 0;
    const racing = {
      ...edge.db,
      batch: async (statements: Parameters<typeof edge.db.batch>[0]) => {
        batches += 1;
        if (batches === 2) {
          edge.rot(block);
          await edge.run();
        }
        return edge.db.batch(statements);
      },
    } as typeof edge.db;
    const ports = { shards: [racing], bucket: edge.bucket, clock: edge.clock, sleep: noSleep };
    expect(await storeBlock(ports, ada, block, block.bytes)).toEqual({ type: "being-deleted" });
    expect(edge.row(block)).toMatchObject({ state: "damaged" });
    const refusing = { ...edge.bucket, put: () => Promise.reject(new Error("put: Reduce your concurrent request rate.")) };
    const refused = { shards: [edge.db], bucket: refusing, clock: edge.clock, sleep: noSleep };
    await expect(storeBlock(refused, ada, block, block.bytes)).rejects.toThrow("put:");
    expect(edge.row(block)).toMatchObject({ state: "damaged" });
  });

  it("Q42 a damaged block that reads whole again is stored again, and one that nobody needs is collected", async () => {
    const edge = new Edge();
    const [ada, eve] = [newUser(), newUser()];
    const [again, unneeded] = [await edge.held(ada), newBlock()];
    await edge.store(eve, unneeded);
    for (const block of [again, unneeded]) edge.rot(block);
    await edge.run();
    edge.bucket.objects.set(blockKey(again.hash), again.bytes);
    edge.clock.forward(leaseMs);
    expect(await edge.run()).toMatchObject({ parts: { "blocks/0": { blocks: 1 }, "scrub-blocks/0": { whole: 1 } } });
    expect(edge.row(again)).toMatchObject({ state: "stored" });
    expect(edge.row(unneeded)).toBeUndefined();
  });

  it("Q42 an object that cannot be read to its end is damaged; a bucket that is away is no damage", async () => {
    const edge = new Edge();
    const block = await edge.held();
    const failing = (error: Error) => ({
      ...edge.bucket,
      get: async () => {
        throw error;
      },
    });
    const record = await edge.run("collect", { bucket: failing(new Error("Network connection lost.")) });
    expect(record.parts["scrub-blocks/0"]).toEqual({ failed: "Error: Network connection lost." });
    expect(edge.row(block)).toMatchObject({ state: "stored" });
    await edge.run("collect", { bucket: failing(new TypeError("did not see all expected bytes")) });
    expect(edge.row(block)).toMatchObject({ state: "damaged" });
  });

  it("Q43 looks at a bounded part, and comes round to all", async () => {
    const edge = new Edge();
    for (let i = 0; i < 5; i++) await edge.held();
    edge.bucket.objects.clear();
    const bounds = { ...collectBounds, scrub: { looks: 2, reads: 0 } };
    const damaged: number[] = [];
    for (let i = 0; i < 3; i++) damaged.push((await edge.run("collect", {}, bounds)).errors);
    expect(damaged).toEqual([2, 2, 1]);
  });

  it("Q44 a check at the start of a server reads the blocks that were stored last, and nothing else", async () => {
    const edge = new Edge();
    const old = await edge.held();
    edge.clock.forward(hour);
    const recent = await edge.held();
    for (const block of [old, recent]) edge.rot(block);
    const record = await edge.run("check");
    expect(record).toMatchObject({ kind: "check", errors: 1, parts: { "newest-blocks/0": { damaged: [recent.hash] } } });
    expect(Object.keys(record.parts)).toEqual(["newest-blocks/0"]);
    expect(edge.row(old)).toMatchObject({ state: "stored" });
  });
});

const tend = async () => ({
  changes: 0,
  versions: 0,
  nodes: 0,
  released: 0,
  packsDeleted: 0,
  packsRewritten: 0,
  bytesFreed: 0,
  damaged: 0,
  isCut: false,
});
const hash = "a".repeat(64);
const id = (letter: string) => letter.repeat(22);

const user = newUser();
function withUser(): Edge {
  const edge = new Edge();
  edge.directory.raw.prepare("INSERT INTO accounts VALUES (?, 'a@b', 'h', 0, 0)").run(user);
  edge.meta.raw.prepare("INSERT INTO namespaces VALUES (?, 'e', 7, 3, 0, 0, 0)").run(user);
  return edge;
}
describe("strays", () => {
  it("Q45 an object that no row has known for 72 hours is removed: blocks, packs and long manifests", async () => {
    const edge = withUser();
    const held = await edge.held();
    edge.meta.raw.prepare("INSERT INTO packs VALUES (?, ?, 5, 5, 0, NULL)").run(user, id("k"));
    const version = "INSERT INTO versions VALUES (?, 'n', 1, NULL, ?, 0, 0, 0, 'd', 0, NULL)";
    edge.meta.raw.prepare(version).run(user, `m/${user}/${hash}-4-3`);
    const strays = [`b/${hash}`, `p/${user}/${id("s")}`, `m/${user}/${hash}-5-3`];
    const known = [blockKey(held.hash), `p/${user}/${id("k")}`, `m/${user}/${hash}-4-3`];
    for (const key of [...strays, ...known.slice(1)]) await edge.bucket.put(key, new Uint8Array(5));
    edge.clock.forward(leaseMs - 1);
    expect((await edge.run("collect", { tend })).parts["strays"]).toMatchObject({ deleted: 0 });
    edge.clock.forward(1);
    const record = await edge.run("collect", { tend });
    expect(record.parts["strays"]).toMatchObject({ deleted: 3 });
    expect(record.bytesFreed).toBe(15);
    expect(new Set(edge.bucket.objects.keys())).toEqual(new Set(known));
    expect(edge.db.raw.prepare("SELECT count(*) AS n FROM blocks").get()).toEqual({ n: 1 });
  });

  it("Q45 objects of nobody known, of unknown names, and what a commit of this moment may write again stay, and are told", async () => {
    const edge = withUser();
    await edge.bucket.put("d/user/delta", new Uint8Array(5));
    const kept = ["x/what", "b/no-hash", `p/${newUser()}/${id("p")}`, `m/${user}/${hash}-7-3`];
    for (const key of kept) await edge.bucket.put(key, new Uint8Array(5));
    edge.clock.forward(leaseMs);
    const record = await edge.run("collect", { tend });
    expect(record.parts["strays"]).toMatchObject({ deleted: 0, foreign: expect.arrayContaining(kept.slice(0, 3)) as string[] });
    expect(new Set(edge.bucket.objects.keys())).toEqual(new Set([...kept, "d/user/delta"]));
  });

  it("Q46 a stray block that somebody sends at the same time is not lost: he is told to come back", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.bucket.put(blockKey(block.hash), block.bytes);
    edge.clock.forward(leaseMs);
    const ada = newUser();
    const outcomes: unknown[] = [];
    const bucket = {
      ...edge.bucket,
      delete: async (keys: string[]) => {
        outcomes.push(await edge.store(ada, block));
        await edge.bucket.delete(keys);
      },
    };
    await edge.run("collect", { bucket });
    outcomes.push(await edge.store(ada, block));
    expect(outcomes).toEqual([{ type: "being-deleted" }, { type: "stored", sent: true }]);
    expect(edge.bucket.objects.has(blockKey(block.hash))).toBe(true);

    // And if he comes between the look at the rows and the fence, the object is his.
    const other = newBlock();
    await edge.bucket.put(blockKey(other.hash), other.bytes);
    edge.clock.forward(leaseMs);
    const db = {
      ...edge.db,
      prepare: (sql: string) => {
        if (sql.includes("INSERT INTO blocks")) {
          edge.db.raw
            .prepare(
              "INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until) VALUES (?, 100, 100, 'identity', 'stored', 0, 9e15)",
            )
            .run(other.hash);
        }
        return edge.db.prepare(sql);
      },
    };
    await edge.run("collect", { indexShards: [db] });
    expect(edge.bucket.objects.has(blockKey(other.hash))).toBe(true);
  });
});

describe("the scrub of packs", () => {
  it("Q47 a pack that is missing, cut short, or has a block that does not hash to its name is told, part by part", async () => {
    const edge = withUser();
    const blocks = ["a", "b", "c", "d"].map((name) => ({ ...newBlock(), pack: id(name), key: `p/${user}/${id(name)}` }));
    for (const block of blocks) {
      edge.meta.raw.prepare("INSERT INTO packs VALUES (?, ?, 100, 100, 0, NULL)").run(user, block.pack);
      edge.meta.raw.prepare("INSERT INTO user_blocks VALUES (?, ?, 100, 1, ?, 0)").run(user, block.hash, block.pack);
      edge.bucket.objects.set(block.key, block.bytes);
    }
    const [missing, cut, rotten, whole] = blocks.map(({ key }) => key);
    edge.bucket.objects.delete(missing ?? "");
    edge.bucket.objects.set(cut ?? "", new Uint8Array(99));
    edge.bucket.objects.set(rotten ?? "", new Uint8Array(100));
    const bounds = { ...collectBounds, packs: { looks: 2, reads: 2 } };
    const told: unknown[] = [];
    for (let i = 0; i < 3; i++) told.push((await edge.run("collect", { tend }, bounds)).parts["scrub-packs/0"]);
    expect(told).toEqual([{ damaged: [missing, cut] }, { damaged: [rotten] }, { damaged: [] }]);
    expect(edge.bucket.objects.has(whole ?? "")).toBe(true);
  });
});

describe("a run", () => {
  it("Q50 is recorded with what it saw, deleted, freed and met, and logged in one line; records are kept for 90 days", async () => {
    const edge = new Edge();
    await edge.store(newUser(), newBlock());
    edge.clock.forward(leaseMs);
    const record = await edge.run();
    expect(record).toMatchObject({ kind: "collect", deleted: 1, bytesFreed: 100, errors: 0, at: edge.clock.now() });
    const rows = () => edge.directory.raw.prepare("SELECT * FROM gc_runs").all();
    expect(rows()).toMatchObject([{ kind: "collect", finished_at: edge.clock.now(), deleted: 1, bytes_freed: 100, errors: 0 }]);
    expect(JSON.parse(String(rows()[0]?.["details"]))).toMatchObject({ parts: { "blocks/0": { blocks: 1 } } });
    expect(edge.lines.map((line) => (JSON.parse(line) as { collector: string }).collector)).toEqual(["plan", "run"]);
    edge.clock.forward(90 * 24 * hour - 1);
    await edge.run();
    expect(rows()).toHaveLength(2);
    edge.clock.forward(1);
    await edge.run();
    expect(rows()).toHaveLength(2);
  });

  it("Q51 a plan is told and recorded, and changes nothing else", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.store(newUser(), block);
    edge.clock.forward(leaseMs);
    const record = await edge.run("plan");
    expect(record).toMatchObject({ kind: "plan", deleted: 0, parts: { "blocks/0": { blocks: 1, leases: 1 } } });
    expect(edge.row(block)).toMatchObject({ state: "stored" });
    expect(edge.bucket.objects.size).toBe(1);
    expect(edge.directory.raw.prepare("SELECT count(*) AS n FROM gc_cursors").get()).toEqual({ n: 0 });
  });

  it("Q52 keeps another one out while it runs, and for half an hour after it died", async () => {
    const edge = new Edge();
    const begin = "INSERT INTO gc_runs (started_at, run_id, kind) VALUES (?, 'dead', 'collect')";
    edge.directory.raw.prepare(begin).run(edge.clock.now());
    edge.clock.forward(hour / 2 - 1);
    expect(await collect(edge.ports, { kind: "collect", now: edge.clock.now() })).toBeUndefined();
    expect(await edge.run("plan")).toMatchObject({ kind: "plan" });
    edge.clock.forward(1);
    expect(await edge.run()).toMatchObject({ kind: "collect" });
    expect(await edge.run()).toMatchObject({ kind: "collect" });
  });

  it("Q53 begins nothing more after ten minutes, and says so", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.store(newUser(), block);
    edge.clock.forward(leaseMs);
    let calls = 0;
    const slow = { now: () => edge.clock.now() + (calls++ === 0 ? 0 : 600_001) };
    expect(await edge.run("collect", { clock: slow })).toMatchObject({
      deleted: 0,
      parts: { "blocks/0": { failed: expect.stringContaining("time is over") as string } },
    });
    expect(edge.bucket.objects.size).toBe(1);
    calls = 0;
    const inTime = { now: () => edge.clock.now() + (calls++ === 0 ? 0 : 600_000) };
    expect(await edge.run("collect", { clock: inTime })).toMatchObject({ deleted: 1 });
  });

  it("Q54 a part that fails is told and does not stop the others", async () => {
    const edge = new Edge();
    await edge.store(newUser(), newBlock());
    edge.clock.forward(leaseMs);
    const record = await edge.run("collect", { metaShards: [away] });
    expect(record).toMatchObject({ deleted: 1, parts: { "users/0": { failed: "Error: D1 is away" } } });
    expect(record.errors).toBe(edge.reports.length);
    expect(record.errors).toBeGreaterThan(0);
  });
});

const away: Database = {
  prepare: () => {
    throw new Error("D1 is away");
  },
  batch: () => Promise.reject(new Error("D1 is away")),
};
