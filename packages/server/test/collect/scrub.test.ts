import { leaseMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import { collectBounds } from "../../src/collect/collect.ts";
import { newBlock, newUser } from "../support/blocks.ts";
import { noSleep, sha256 } from "../support/ports.ts";
import { hour, Edge, tend, id, user as owner, withUser } from "../support/collecting-edge.ts";

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
      expect((await edge.index.hold(ada, [block], 0)).refused).toEqual(new Set([block.hash]));
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

describe("the scrub of packs", () => {
  it("Q47 a pack that is missing, cut short, or has a block that does not hash to its name is told, part by part", async () => {
    const edge = withUser();
    const blocks = ["a", "b", "c", "d"].map((name) => ({ ...newBlock(), pack: id(name), key: `p/${owner}/${id(name)}` }));
    for (const block of blocks) {
      edge.meta.raw.prepare("INSERT INTO packs VALUES (?, ?, 100, 100, 0, NULL, NULL)").run(owner, block.pack);
      edge.meta.raw.prepare("INSERT INTO user_blocks VALUES (?, ?, 100, 1, ?, 0)").run(owner, block.hash, block.pack);
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
