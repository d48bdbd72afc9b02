import { historyMs, leaseMs, manifestRowCharsMax, packBlockBytesMax, packRewriteMs } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { describe, expect, it } from "vitest";
import { packKey } from "../../src/blocks/packs.ts";
import { deleteDeadPacks, planDeadPacks } from "../../src/collect/tend/dead-packs.ts";
import { expireHistory, planHistory } from "../../src/collect/tend/history.ts";
import { planRewrite, rewritePacks } from "../../src/collect/tend/rewrite-packs.ts";
import { tend, type TendBounds } from "../../src/collect/tend/tend.ts";
import type { TendDeps } from "../../src/collect/tend/types.ts";
import { commit } from "../../src/namespace/commit.ts";
import { newBlock, type TestBlock } from "../support/blocks.ts";
import { expectInvariants } from "../support/invariants.ts";
import { block, createOp, deleteOp, mkdirOp, newNode, newWorld, packOf, rootId, updateOp, type World } from "../support/namespace-world.ts";
import { randomBytes } from "../support/ports.ts";

const bounds: TendBounds = { changes: 1000, versions: 100, nodes: 100, manifestChars: 4_000_000, packs: 100, rewrites: 20 };
const large = (seed: string) => block(seed, packBlockBytesMax + 1);
const day = 86_400_000;

const depsOf = (world: World): TendDeps => ({ ...world.deps, bucket: world.bucket, random: randomBytes });
const callOf = (world: World, dryRun = false) => ({ user: world.user, shard: 0, now: world.time, dryRun });
const tendNow = (world: World, some = bounds, dryRun = false) => tend(depsOf(world), callOf(world, dryRun), some);

/** The world's rows with the journal left out: its prefix has gone, and the check wants all of it. */
function expectRowsRight(world: World): void {
  world.db.raw.prepare("DELETE FROM changes").run();
  world.db.raw.prepare("UPDATE namespaces SET seq = 0").run();
  expectInvariants(world);
}

const count = (world: World, table: string): number => Number(world.db.raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);

/** A file with a first version of old blocks, and a second of new ones. */
async function edited(world: World, before: readonly BlockRef[], after: readonly BlockRef[]) {
  const file = newNode();
  world.blocks.upload(...[...before, ...after].filter(({ size }) => size > packBlockBytesMax));
  const small = [...before, ...after].filter(({ size }) => size <= packBlockBytesMax);
  const packs = small.length === 0 ? [] : [packOf(...small)];
  for (const pack of packs) world.bucket.objects.set(packKey(world.user, pack.id), new Uint8Array(pack.size));
  await world.commit([createOp(file, rootId, `file ${file}`, before)], packs);
  await world.commit([updateOp(file, 1, after)]);
  return { file, packs };
}

describe("history", () => {
  it("Q20 keeps a superseded version for 30 days, and then gives its blocks back", async () => {
    const world = await newWorld();
    const { packs } = await edited(world, [large("a"), block("b"), large("c")], [large("c"), block("d")]);
    world.time += historyMs - 1;
    expect(await tendNow(world)).toMatchObject({ versions: 0, released: 0 });
    world.time += 1;
    expect(await tendNow(world)).toMatchObject({ versions: 1, nodes: 0, released: 1, isCut: false });
    expect(world.blocks.held).toEqual(new Set([large("c").hash]));
    expect(world.blocks.leased).toEqual(new Set([large("a").hash]));
    expect(world.intents.intent).toBeNull();
    expect(world.db.raw.prepare("SELECT live_bytes, delete_after FROM packs").get()).toEqual({ live_bytes: 10, delete_after: null });
    expect(packs).toHaveLength(1);
    expectRowsRight(world);
  });

  it("Q21 keeps a deleted node for 30 days, and then forgets it with all its versions", async () => {
    const world = await newWorld();
    const { file } = await edited(world, [large("a")], [large("b")]);
    const folder = newNode();
    await world.commit([mkdirOp(folder, rootId, "folder")]);
    await world.commit([deleteOp(file, 2), deleteOp(folder, 1)]);
    world.time += historyMs - 1;
    expect(await tendNow(world)).toMatchObject({ nodes: 0, versions: 0 });
    world.time += 1;
    expect(await tendNow(world)).toMatchObject({ nodes: 2, versions: 2, released: 2 });
    expect(count(world, "nodes")).toBe(1);
    expect(count(world, "versions")).toBe(0);
    expect(count(world, "user_blocks")).toBe(0);
    expectRowsRight(world);
  });

  it("Q22 takes a bounded part at a time and says when there is more; versions go after the changes that tell of them", async () => {
    const world = await newWorld();
    const file = newNode();
    await world.commit([createOp(file, rootId, "file")]);
    for (let rev = 1; rev <= 5; rev++) await world.commit([updateOp(file, rev)]);
    world.time += 10;
    await world.commit([deleteOp(file, 6)]);
    world.time += historyMs;
    expect(await tendNow(world, { ...bounds, changes: 6 })).toMatchObject({ changes: 6, versions: 0, isCut: true });
    expect(await tendNow(world, { ...bounds, versions: 5 })).toMatchObject({ changes: 1, versions: 5, isCut: true });
    expect(count(world, "nodes")).toBe(2);
    expect(await tendNow(world, { ...bounds, versions: 5 })).toMatchObject({ versions: 1, isCut: false });
    expect(count(world, "nodes")).toBe(1);
    expectRowsRight(world);
  });

  it("Q23 deletes a long manifest with the last version that has it, and no commit ever writes its name again", async () => {
    const world = await newWorld({ quotaBytes: 1e15 });
    const file = newNode();
    const long = Array.from({ length: Math.ceil(manifestRowCharsMax / 46) }, () => large("l"));
    world.blocks.upload(large("l"));
    await world.commit([createOp(file, rootId, "a", long), createOp(newNode(), rootId, "b", long)]);
    const [first] = world.bucket.objects.keys();
    await world.commit([updateOp(file, 1)]);
    world.time += historyMs;
    await tendNow(world);
    expect([...world.bucket.objects.keys()]).toEqual([first]);
    await world.commit([updateOp(file, 2, long)]);
    expect(world.bucket.objects.size).toBe(2);
    await world.commit([updateOp(file, 3)]);
    world.time += historyMs;
    await tendNow(world);
    expect([...world.bucket.objects.keys()]).toEqual([first]);
  });

  it("Q24 only tells what it would do in a dry run", async () => {
    const world = await newWorld();
    await edited(world, [large("a"), block("b")], [block("d")]);
    world.time += historyMs;
    const before = JSON.stringify(
      ["changes", "versions", "packs", "namespaces"].map((table) => world.db.raw.prepare(`SELECT * FROM ${table}`).all()),
    );
    expect(await tendNow(world, bounds, true)).toMatchObject({ changes: 2, versions: 1, released: 1 });
    const after = JSON.stringify(
      ["changes", "versions", "packs", "namespaces"].map((table) => world.db.raw.prepare(`SELECT * FROM ${table}`).all()),
    );
    expect(after).toBe(before);
    expect(world.blocks.held.size).toBe(1);
  });
});

/** Ports whose calls are counted; the one of that number fails, before or after it happens, and so do all that follow. */
function cutPorts(world: World, at: number, fault: "before" | "after"): TendDeps & { calls: string[] } {
  const calls: string[] = [];
  const through = async <Result>(name: string, happen: () => Promise<Result>): Promise<Result> => {
    calls.push(name);
    if (calls.length > at || (calls.length === at && fault === "before")) throw new Error("the process is gone");
    const result = await happen();
    if (calls.length === at) throw new Error("the process is gone");
    return result;
  };
  const { db, blocks, bucket, intents } = world;
  return {
    ...depsOf(world),
    calls,
    db: { prepare: (sql) => db.prepare(sql), batch: (statements) => through("batch", () => db.batch(statements)) },
    blocks: {
      have: (user, hashes) => blocks.have(user, hashes),
      protect: () => blocks.protect(),
      hold: (user, refs, generation) => through("hold", () => blocks.hold(user, refs, generation)),
      release: (user, hashes, generation) => through("release", () => blocks.release(user, hashes, generation)),
    },
    bucket: {
      ...bucket,
      put: (key, body) => through("put", () => bucket.put(key, body)),
      delete: (keys) => through("delete", () => bucket.delete(keys)),
    },
    intents: {
      read: () => through("read", () => intents.read()),
      write: (intent) => through("write", () => intents.write(intent)),
      clear: () => through("clear", () => intents.clear()),
    },
  };
}

describe("a call that is cut", () => {
  it.each(["before", "after"] as const)(
    "Q25 is finished by the next call or commit, wherever it was cut (%s a step), and counts are right (I8)",
    async (fault) => {
      for (const next of ["tend", "commit"] as const) {
        for (let at = 1; at <= 12; at++) {
          const world = await newWorld();
          await edited(world, [large("a"), block("b")], [large("c"), block("d")]);
          world.time += historyMs;
          await tend(cutPorts(world, at, fault), callOf(world), bounds).catch(() => undefined);
          if (next === "commit") await world.commit([mkdirOp(newNode(), rootId, "d")]);
          else await tendNow(world);
          expect(world.intents.intent).toBeNull();
          expectRowsRight(world);
          await tendNow(world);
          expect(count(world, "versions")).toBe(1);
          expectRowsRight(world);
        }
      }
    },
  );

  it("Q25 releases what a dead commit held, also of a user who never commits again", async () => {
    const world = await newWorld();
    world.blocks.upload(large("a"));
    await world.blocks.hold(world.user, [large("a")], 0);
    await world.intents.write({ holds: [large("a").hash] });
    await tendNow(world);
    expect(world.blocks.held).toEqual(new Set());
    expect(world.intents.intent).toBeNull();
  });
});

/** A pack whose bytes are real, and files of its blocks; all but the last `live` are deleted 30 days before now. */
async function packed(world: World, sizes: readonly number[], live: number) {
  const blocks: TestBlock[] = sizes.map((size) => newBlock(size));
  const pack = packOf(...blocks);
  world.bucket.objects.set(packKey(world.user, pack.id), Buffer.concat(blocks.map(({ bytes }) => bytes)));
  const files = blocks.map((ref) => ({ ref, node: newNode() }));
  await world.commit(
    files.map(({ ref, node }) => createOp(node, rootId, node, [ref])),
    [pack],
  );
  const dying = files.slice(0, files.length - live);
  await world.commit(dying.map(({ node }) => deleteOp(node, 1)));
  return { pack, blocks, key: packKey(world.user, pack.id) };
}

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
