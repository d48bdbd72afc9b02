import { historyMs, leaseMs, packRewriteMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import type { BlockHash } from "@ashlar/shared/ids";
import { packKey, storePack } from "../../src/blocks/packs.ts";
import { haveSmallBlocks, recordPack } from "../../src/blocks/small-blocks.ts";
import { deleteDeadPacks, planDeadPacks } from "../../src/collect/tend/dead-packs.ts";
import { expireHistory, planHistory } from "../../src/collect/tend/history.ts";
import { type PlacedRow, readPlaced } from "../../src/collect/tend/placed-blocks.ts";
import { planRewrite, rewritePacks } from "../../src/collect/tend/rewrite-packs.ts";
import { tend } from "../../src/collect/tend/tend.ts";
import { commit } from "../../src/namespace/commit.ts";
import { dump } from "../support/invariants.ts";
import { createOp, mkdirOp, newNode, newWorld, packOf, rootId, type World } from "../support/namespace-world.ts";
import { randomBytes } from "../support/ports.ts";
import { bounds, day, depsOf, callOf, tendNow, expectRowsRight, count, cutPorts, packed } from "../support/tending.ts";

describe("packs", () => {
  it("Q26 a pack that nothing uses is there for 72 hours, and then goes with its rows", async () => {
    const world = await newWorld();
    const { key } = await packed(world, [10, 20], 0);
    world.time += historyMs;
    expect(await tendNow(world)).toMatchObject({ nodes: 2, packsDeleted: 0 });
    world.time += leaseMs - 1;
    expect(await tendNow(world)).toMatchObject({ packsDeleted: 0 });
    expect(world.bucket.objects.has(key)).toBe(true);
    world.time += 1;
    expect(await tendNow(world)).toMatchObject({ packsDeleted: 1, bytesFreed: 30 });
    expect(world.bucket.objects.has(key)).toBe(false);
    expect([count(world, "packs"), count(world, "user_blocks")]).toEqual([0, 0]);
    expectRowsRight(world);
  });

  it("Q26 a pack that a commit used again before its time stays", async () => {
    const world = await newWorld();
    const { key, blocks } = await packed(world, [10, 20], 0);
    world.time += historyMs;
    await tendNow(world);
    world.time += leaseMs - 1;
    await world.commit([createOp(newNode(), rootId, "again", blocks.slice(0, 1))]);
    world.time += leaseMs;
    await tendNow(world);
    expect(world.bucket.objects.has(key)).toBe(true);
    expectRowsRight(world);
  });

  it("Q27 a commit that read a pack's rows before the pack went does not land on it: it looks again, and misses the blocks", async () => {
    const world = await newWorld();
    const { blocks } = await packed(world, [10, 20], 0);
    world.time += historyMs;
    await tendNow(world);
    world.time += leaseMs - 1;
    const again = world.call([createOp(newNode(), rootId, "again", blocks.slice(0, 1))]);
    let writes = 0;
    let packsDeleted = 0;
    const meddled: World["db"] = {
      ...world.db,
      batch: async (statements) => {
        // Two instances of the object: this one has read the rows, and its batch is on the way.
        writes += 1;
        if (writes === 2) {
          world.time += 1;
          ({ packsDeleted } = await tendNow(world));
        }
        return world.db.batch(statements);
      },
    };
    const { answer } = await commit({ ...world.deps, db: meddled }, again);
    expect(packsDeleted).toBe(1);
    expect(answer).toMatchObject({ ok: false, code: "block-missing" });
    expect(count(world, "user_blocks")).toBe(0);
    expectRowsRight(world);
  });

  it("Q27 a plan that a commit overtook fails as a whole, and changes nothing", async () => {
    const world = await newWorld();
    const { blocks } = await packed(world, [10, 2000, 30], 1);
    world.time += historyMs;
    const deps = depsOf(world);
    const at = { user: world.user, now: world.time };
    const history = await planHistory(deps, { ...at, bounds });
    await world.commit([createOp(newNode(), rootId, "again", blocks)]);
    if (history === undefined) throw new Error("no namespace");
    await expect(expireHistory(deps, world.user, world.time, history)).rejects.toThrow("NOT NULL");
    await tendNow(world);
    world.time += leaseMs;
    const dead = await planDeadPacks(deps, { ...at, packs: 9 });
    await world.commit([mkdirOp(newNode(), rootId, "d")]);
    if (dead === undefined) throw new Error("no namespace");
    const someDead = { ...dead, packs: [{ pack: packOf().id, size: 1 }] };
    await expect(deleteDeadPacks(deps, world.user, world.time, someDead)).rejects.toThrow("NOT NULL");
    expectRowsRight(world);
  });

  it("Q28 a pack that is mostly dead is rewritten after a day: what lives is in a new one, and the old one can be read for 72 hours", async () => {
    const world = await newWorld();
    const { pack, blocks, key } = await packed(world, [1000, 1000, 600], 1);
    const { blocks: others } = await packed(world, [100, 3000, 50], 1);
    world.time += historyMs;
    expect(await tendNow(world)).toMatchObject({ packsRewritten: 2, isCut: true });
    expect(await tendNow(world)).toMatchObject({ packsRewritten: 0, isCut: false });
    const moved = [blocks[2], others[2]].flatMap((ref) => (ref === undefined ? [] : [ref]));
    for (const { hash, bytes } of moved) {
      const row = world.db.raw.prepare("SELECT pack_id, pack_offset, size FROM user_blocks WHERE hash = ?").get(hash);
      const object = world.bucket.objects.get(packKey(world.user, String(row?.["pack_id"])));
      const offset = Number(row?.["pack_offset"]);
      expect(row?.["pack_id"]).not.toBe(pack.id);
      expect(object).toHaveLength(650);
      expect(Buffer.from(object?.subarray(offset, offset + bytes.length) ?? []).equals(bytes)).toBe(true);
    }
    expectRowsRight(world);
    expect(world.bucket.objects.has(key)).toBe(true);
    world.time += leaseMs;
    expect(await tendNow(world)).toMatchObject({ packsDeleted: 2 });
    expect(world.bucket.objects.size).toBe(1);
    expectRowsRight(world);
  });

  it("Q28 a pack is not rewritten while it is young or a quarter of it lives, nor when a block in it is damaged", async () => {
    const world = await newWorld();
    await packed(world, [300, 100], 1);
    world.time += historyMs;
    expect(await tendNow(world)).toMatchObject({ packsRewritten: 0 });

    const { key, blocks } = await packed(world, [301, 100], 2);
    const rows = () => world.db.raw.prepare("SELECT pack_id, live_bytes FROM packs ORDER BY pack_id").all();
    // As if the first of them had been deleted long ago.
    world.db.raw.prepare("UPDATE user_blocks SET refs = 0 WHERE hash = ?").run(String(blocks[0]?.hash));
    world.db.raw.prepare("UPDATE packs SET live_bytes = 100 WHERE size = 401").run();
    world.time += packRewriteMs - 1;
    expect(await tendNow(world)).toMatchObject({ packsRewritten: 0, damaged: 0 });
    world.time += 1;
    world.bucket.objects.set(key, new Uint8Array(401));
    const before = rows();
    expect(await tendNow(world)).toMatchObject({ packsRewritten: 0, damaged: 1, isCut: false });
    expect(rows()).toEqual(before);
  });

  it.each(["before", "after"] as const)("Q28 rewriting that is cut (%s a step) leaves every block where its row says", async (fault) => {
    for (let at = 1; at <= 14; at++) {
      const world = await newWorld();
      const { blocks } = await packed(world, [1000, 1000, 600], 1);
      world.time += historyMs;
      await tend(cutPorts(world, at, fault), callOf(world), bounds).catch(() => undefined);
      world.time += day;
      await tendNow(world);
      await tendNow(world);
      const row = world.db.raw.prepare("SELECT pack_id, pack_offset FROM user_blocks WHERE refs > 0").get();
      const object = world.bucket.objects.get(packKey(world.user, String(row?.["pack_id"])));
      const offset = Number(row?.["pack_offset"]);
      expect(Buffer.from(object?.subarray(offset, offset + 600) ?? []).equals(blocks[2]?.bytes ?? new Uint8Array())).toBe(true);
      expectRowsRight(world);
    }
  });

  it("Q28 a rewriting that a commit overtook fails, and the commit's rows stand", async () => {
    const world = await newWorld();
    const { blocks } = await packed(world, [1000, 1000, 600], 1);
    world.time += historyMs;
    await tendNow(world, { ...bounds, rewrites: 0 });
    const deps = depsOf(world);
    const plan = await planRewrite(deps, { user: world.user, now: world.time, packs: 9 });
    if (plan === undefined) throw new Error("no namespace");
    expect(plan.packs).toHaveLength(1);
    await world.commit([createOp(newNode(), rootId, "again", blocks)]);
    await expect(rewritePacks(deps, { user: world.user, now: world.time }, plan)).rejects.toThrow("NOT NULL");
    expectRowsRight(world);
  });
});

const refOf = ({ hash, size }: { hash: BlockHash; size: number }) => ({ hash, size });

/** A pack of three blocks in use, of which the middle one is rotten; another where there is nothing. */
async function damagedWorld() {
  const world = await newWorld();
  const [rotten, missing] = [await packed(world, [10, 20, 30], 3), await packed(world, [40], 1)];
  world.bucket.objects.get(rotten.key)?.fill(0, 10, 30);
  world.bucket.objects.delete(missing.key);
  const lost = [rotten.blocks[1], missing.blocks[0]].flatMap((one) => one ?? []);
  const suspects = [rotten.pack.id, missing.pack.id];
  const mark = () => tend(depsOf(world), { ...callOf(world), suspects }, bounds);
  const have = async () =>
    haveSmallBlocks(
      { db: world.db, clock: { now: () => world.time } },
      world.user,
      [...rotten.blocks, ...missing.blocks].map(({ hash }) => hash),
    );
  return { world, rotten, missing, lost, mark, have };
}

const placedRows = (world: World) =>
  world.db.raw
    .prepare(`SELECT hash, size, pack_id AS pack, pack_offset AS "offset" FROM user_blocks WHERE refs > 0 ORDER BY pack_id`)
    .all() as PlacedRow[];

describe("packs whose bytes are lost", () => {
  it("Q48 what is whole in a damaged pack moves to a new one; the rest keeps its references, is wanted, and counts as absent", async () => {
    const { world, rotten, lost, mark, have } = await damagedWorld();
    expect(new Set((await mark()).wanted)).toEqual(new Set(lost.map(({ hash }) => hash)));
    const whole = rotten.blocks.filter((one) => !lost.includes(one));
    expect(await have()).toEqual(new Set(whole.map(({ hash }) => hash)));
    // Again, and by another round: told once more, and nothing is moved.
    const before = dump(world);
    expect((await mark()).wanted).toHaveLength(2);
    expect((await tendNow(world)).wanted).toHaveLength(2);
    expect(dump(world)).toEqual(before);
    const [one] = lost;
    if (one === undefined) throw new Error("nothing was lost");
    const { answer } = await commit(world.deps, world.call([createOp(newNode(), rootId, "again", [refOf(one)])]));
    expect(answer).toMatchObject({ ok: false, code: "block-missing", hashes: [one.hash] });
    expectRowsRight(world);
  });

  it("Q49 whoever sends a lost block heals it, alone or in a commit; references and sums are as they were, and the old packs end", async () => {
    const { world, lost, mark, have } = await damagedWorld();
    await mark();
    const [first, second] = lost;
    if (first === undefined || second === undefined) throw new Error("two were lost");
    const ports = { db: world.db, clock: { now: () => world.time } };
    await recordPack(ports, world.user, await storePack(world.bucket, world.user, [first], randomBytes));
    const pack = await storePack(world.bucket, world.user, [second], randomBytes);
    await world.commit([createOp(newNode(), rootId, "again", [refOf(second)])], [pack]);
    expect(await have()).toContain(first.hash);
    expect(await have()).toContain(second.hash);
    expect((await tendNow(world)).wanted).toEqual([]);
    expectRowsRight(world);
    world.time += leaseMs;
    expect(await tendNow(world)).toMatchObject({ packsDeleted: 2, wanted: [] });
    expectRowsRight(world);
    const { blocks } = await readPlaced(depsOf(world), world.user, placedRows(world));
    expect(blocks).toHaveLength(4);
  });

  it("Q49 a commit that read where a lost block was, before it was healed, does not land: it looks again", async () => {
    const { world, lost, mark } = await damagedWorld();
    await mark();
    const [first] = lost;
    if (first === undefined) throw new Error("nothing was lost");
    const ports = { db: world.db, clock: { now: () => world.time } };
    const pack = await storePack(world.bucket, world.user, [first], randomBytes);
    let batches = 0;
    const meddled: World["db"] = {
      ...world.db,
      batch: async (statements) => {
        batches += 1;
        if (batches === 2) await recordPack(ports, world.user, await storePack(world.bucket, world.user, [first], randomBytes));
        return world.db.batch(statements);
      },
    };
    const call = world.call([createOp(newNode(), rootId, "again", [refOf(first)])], [pack]);
    expect((await commit({ ...world.deps, db: meddled }, call)).answer).toMatchObject({ ok: true });
    await tendNow(world);
    expectRowsRight(world);
  });

  it("Q48 a pack that is whole, or not there any more, is left alone", async () => {
    const world = await newWorld();
    const { pack } = await packed(world, [10, 20], 2);
    const before = dump(world);
    const suspects = [pack.id, packOf().id];
    expect(await tend(depsOf(world), { ...callOf(world), suspects }, bounds)).toMatchObject({ wanted: [], damaged: 0 });
    expect(dump(world)).toEqual(before);
  });
});
