import {
  changesPageMax,
  commitPathCharsMax,
  leaseMs,
  linkTargetBytesMax,
  packBlockBytesMax,
  pageManifestCharsMax,
  pathDepthMax,
} from "@ashlar/shared/limits";
import { type ConflictReason, type OpResult } from "@ashlar/shared/protocol/commit";
import { describe, expect, it } from "vitest";
import { commit } from "../../src/namespace/commit.ts";
import { readChanges } from "../../src/namespace/journal.ts";
import { readVersion } from "../../src/namespace/version.ts";
import type { BucketWriter } from "../../src/ports.ts";
import { dump, expectInvariants } from "../support/invariants.ts";
import { block, createOp, deleteOp, mkdirOp, newNode, newWorld, packOf, rootId, updateOp } from "../support/namespace-world.ts";

const reasons = (results: readonly OpResult[]): (ConflictReason | "applied")[] =>
  results.map((result) => (result.status === "applied" ? "applied" : result.reason));

describe("the content of a commit", () => {
  it("C13 refuses a commit above the quota as a whole, at one byte past it, and takes it at the limit", async () => {
    const world = await newWorld({ quotaBytes: 100 });
    const [file, fits, past] = [newNode(), block("fits", 60), block("past", 41)];
    await world.commit([createOp(file, rootId, "a", [fits])], [packOf(fits)]);
    const before = dump(world);
    const tooMuch = world.call([mkdirOp(newNode(), rootId, "d"), createOp(newNode(), rootId, "b", [past])], [packOf(past)]);
    expect((await commit(world.deps, tooMuch)).answer).toMatchObject({ ok: false, code: "over-quota" });
    expect(dump(world)).toEqual(before);
    const exact = block("exact", 40);
    await world.commit([createOp(newNode(), rootId, "b", [exact])], [packOf(exact)]);
    await world.commit([deleteOp(file, 1)]);
    expectInvariants(world);
  });

  it("C14 refuses a manifest that does not add up, or names a block by another size", async () => {
    const world = await newWorld();
    const small = block("s");
    const refused = async (op: ReturnType<typeof createOp>) => (await commit(world.deps, world.call([op], [packOf(small)]))).answer;
    const good = createOp(newNode(), rootId, "a", [small]);
    const before = dump(world);
    expect(await refused({ ...good, size: 11 } as typeof good)).toMatchObject({ code: "bad-manifest" });
    expect(await refused({ ...good, manifest: "AAAA" } as typeof good)).toMatchObject({ code: "bad-manifest" });
    expect(await refused(createOp(newNode(), rootId, "a", [{ ...small, size: 9 }]))).toMatchObject({ code: "bad-manifest" });
    expect(await refused({ ...createOp(newNode(), rootId, "l"), kind: "symlink" } as typeof good)).toMatchObject({ code: "bad-manifest" });
    expect(dump(world)).toEqual(before);
  });

  it("C35 a link's target has 1 to 4096 bytes, also when it is updated: devices read it whole", async () => {
    const world = await newWorld();
    const [node, long, tooLong] = [newNode(), block("long", linkTargetBytesMax), block("too long", linkTargetBytesMax + 1)];
    const target = block("target");
    await world.commit([{ ...createOp(node, rootId, "link", [target]), kind: "symlink" } as ReturnType<typeof createOp>], [packOf(target)]);
    const tried = async (...blocks: (typeof long)[]) =>
      reasons((await world.commit([updateOp(node, 1, blocks)], blocks.length === 0 ? [] : [packOf(...blocks)])).results);
    expect(await tried(tooLong)).toEqual(["wrong-kind"]);
    expect(await tried()).toEqual(["wrong-kind"]);
    expect(await tried(long)).toEqual(["applied"]);
  });

  it("C15 refuses a commit whose blocks are not here, names them, and leaves nothing held", async () => {
    const world = await newWorld();
    const [here, small] = [block("here", packBlockBytesMax + 1), block("small", packBlockBytesMax)];
    const gone = block("gone", packBlockBytesMax + 1);
    world.blocks.upload(here);
    const before = dump(world);
    const refusedFor = async (...blocks: (typeof here)[]) =>
      (await commit(world.deps, world.call([createOp(newNode(), rootId, "a", blocks)]))).answer;
    expect(await refusedFor(here, gone)).toMatchObject({ code: "block-missing", hashes: [gone.hash] });
    expect(await refusedFor(here, small)).toMatchObject({ code: "block-missing", hashes: [small.hash] });
    expect(world.blocks.held.size).toBe(0);
    expect(world.blocks.leased.has(here.hash)).toBe(true);
    expect(world.intents.intent).toBeNull();
    expect({ ...(dump(world) as object), namespaces: 0 }).toEqual({ ...(before as object), namespaces: 0 });
    expectInvariants(world);
  });

  it("C16 asks for no block of an operation that conflicts", async () => {
    const world = await newWorld();
    await world.commit([createOp(newNode(), rootId, "a")]);
    const { results } = await world.commit([createOp(newNode(), rootId, "a", [block("nowhere", packBlockBytesMax + 1)])]);
    expect(reasons(results)).toEqual(["name-taken"]);
    expect(world.blocks.held.size).toBe(0);
  });

  it("C17 counts a version once for each block, holds a large block once, and gives a small one its first place", async () => {
    const world = await newWorld();
    const [small, large, unused] = [block("small"), block("large", packBlockBytesMax + 1), block("unused")];
    world.blocks.upload(large);
    const [first, second, third] = [packOf(small), packOf(small, unused), packOf(unused)];
    await world.commit([createOp(newNode(), rootId, "a", [small, large, small])], [first]);
    await world.commit([createOp(newNode(), rootId, "b", [large, small])], [second]);
    const row = (hash: string) => world.db.raw.prepare("SELECT refs, pack_id FROM user_blocks WHERE hash = ?1").get(hash);
    expect({ ...row(small.hash) }).toEqual({ refs: 2, pack_id: first.id });
    expect({ ...row(large.hash) }).toEqual({ refs: 2, pack_id: null });
    const pack = (id: string) => ({ ...world.db.raw.prepare("SELECT live_bytes, delete_after FROM packs WHERE pack_id = ?1").get(id) });
    expect(pack(second.id)).toEqual({ live_bytes: 0, delete_after: world.time + leaseMs });
    await world.commit([createOp(newNode(), rootId, "c", [unused])], [third]);
    expect(pack(second.id)).toEqual({ live_bytes: unused.size, delete_after: null });
    expectInvariants(world);
  });

  it("C31 takes a small block for absent when its unused pack is past its time, and moves it to the pack that brings it again", async () => {
    const world = await newWorld();
    const [used, small] = [block("used"), block("small")];
    const [first, second] = [packOf(small), packOf(small)];
    await world.commit([createOp(newNode(), rootId, "a", [used])], [packOf(used), first]);
    world.time += leaseMs;
    const op = createOp(newNode(), rootId, "b", [small]);
    expect((await commit(world.deps, world.call([op]))).answer).toMatchObject({ code: "block-missing", hashes: [small.hash] });
    await world.commit([op], [second]);
    const row = world.db.raw.prepare("SELECT refs, pack_id FROM user_blocks WHERE hash = ?1").get(small.hash);
    expect({ ...row }).toEqual({ refs: 1, pack_id: second.id });
    expectInvariants(world);
  });

  it("C18 marks the version that another takes over from, and keeps it", async () => {
    const world = await newWorld();
    const file = newNode();
    await world.commit([createOp(file, rootId, "a")]);
    world.time = 6000;
    await world.commit([updateOp(file, 1), updateOp(file, 2)]);
    const versions = world.db.raw.prepare("SELECT version, superseded_at FROM versions WHERE node_id = ?1 ORDER BY version").all(file);
    expect(versions.map((row) => ({ ...row }))).toEqual([
      { version: 1, superseded_at: 6000 },
      { version: 2, superseded_at: 6000 },
      { version: 3, superseded_at: null },
    ]);
  });

  it("C32 stores a manifest that several files share once, since the bucket takes one write of an object at a time", async () => {
    const world = await newWorld();
    const small = block("s", 1);
    const blocks = Array.from({ length: 22_000 }, () => small);
    const writing = new Set<string>();
    const bucket: BucketWriter = {
      head: (key) => world.bucket.head(key),
      get: (key) => world.bucket.get(key),
      async put(key, body) {
        if (writing.has(key)) throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
        writing.add(key);
        await Promise.resolve();
        await world.bucket.put(key, body);
        writing.delete(key);
      },
    };
    const ops = ["a", "b"].map((name) => createOp(newNode(), rootId, name, blocks));
    const { results } = await world.commit(ops, [packOf(small)], { bucket });
    expect(reasons(results)).toEqual(["applied", "applied"]);
    expect(world.reports).toEqual([]);
  });

  it("C33 refuses a commit whose changes have longer paths than one answer can carry, before anything is written", async () => {
    const world = await newWorld();
    const name = "x".repeat(255);
    const chain = Array.from({ length: pathDepthMax - 1 }, () => newNode());
    await world.commit(chain.map((node, index) => mkdirOp(node, chain[index - 1] ?? rootId, name)));
    const deepest = chain.at(-1) ?? rootId;
    const pathChars = (pathDepthMax - 1) * 256 + 3;
    const count = Math.floor(commitPathCharsMax / pathChars);
    const ops = Array.from({ length: count + 1 }, (_, index) => mkdirOp(newNode(), deepest, String(100 + index)));
    const before = dump(world);
    expect((await commit(world.deps, world.call(ops))).answer).toMatchObject({ ok: false, code: "too-large" });
    expect(dump(world)).toEqual(before);
    expect((await world.commit(ops.slice(1))).changes).toHaveLength(count);
    const page = await readChanges(world.db, { user: world.user, since: 0, epoch: null, limit: changesPageMax, now: world.time });
    if (page.kind !== "page") throw new Error(page.kind);
    const chars = page.changes.map(({ path }) => path.length);
    expect(chars.slice(0, -1).reduce((total, length) => total + length, 0)).toBeLessThan(pageManifestCharsMax);
    expect(page.changes.length).toBeGreaterThan(1);
  });

  it("C20 keeps a long manifest in the bucket, and leaves it out of the change", async () => {
    const world = await newWorld();
    const file = newNode();
    const blocks = Array.from({ length: 22_000 }, (_, index) => block(`${index}`, packBlockBytesMax + 1));
    world.blocks.upload(...blocks);
    const huge = await newWorld({ quotaBytes: 1e15 });
    huge.blocks.upload(...blocks);
    const op = createOp(file, rootId, "huge", blocks);
    const { changes } = await huge.commit([op]);
    expect(changes).toMatchObject([{ manifest: null, size: blocks.length * (packBlockBytesMax + 1) }]);
    expect(huge.bucket.objects.size).toBe(1);
    const version = await readVersion(huge.db, huge.bucket, { user: huge.user, node: file, version: 1 });
    expect("manifest" in op && version.manifest === op.manifest).toBe(true);
    await expect(readVersion(huge.db, huge.bucket, { user: world.user, node: file, version: 1 })).rejects.toMatchObject({
      code: "not-found",
    });
  });
});
