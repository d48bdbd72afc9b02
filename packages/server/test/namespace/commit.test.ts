import { commitOpsMax, packBlockBytesMax, pathDepthMax } from "@ashlar/shared/limits";
import { commitResponseSchema, type ConflictReason, type OpResult } from "@ashlar/shared/protocol/commit";
import { describe, expect, it } from "vitest";
import { commit } from "../../src/namespace/commit.ts";
import { checkOps } from "../../src/namespace/checked-op.ts";
import { ensureNamespace } from "../../src/namespace/create.ts";
import { load, loadHeights } from "../../src/namespace/load.ts";
import { readTree } from "../../src/namespace/tree.ts";
import type { Database } from "../../src/ports.ts";
import { dump, expectInvariants } from "../support/invariants.ts";
import {
  block,
  createOp,
  deleteOp,
  epoch,
  mkdirOp,
  moveOp,
  newNode,
  newWorld,
  packOf,
  rootId,
  updateOp,
  type World,
} from "../support/namespace-world.ts";

const reasons = (results: readonly OpResult[]): (ConflictReason | "applied")[] =>
  results.map((result) => (result.status === "applied" ? "applied" : result.reason));

const names = async (world: World, node = rootId): Promise<string[]> =>
  (await readTree(world.db, { user: world.user, node, after: "" })).children.map(({ name }) => name);

describe("a commit", () => {
  it("C1 gives every applied operation the next seq, and a change that says where the node is", async () => {
    const world = await newWorld();
    const [folder, file] = [newNode(), newNode()];
    const response = await world.commit([mkdirOp(folder, rootId, "photos"), createOp(file, folder, "a.jpg", [])]);
    expect(commitResponseSchema.parse(response)).toEqual(response);
    expect(response.head).toBe(2);
    expect(response.results).toMatchObject([
      { status: "applied", seq: 1, rev: 1, version: 0 },
      { status: "applied", seq: 2, rev: 1, version: 1 },
    ]);
    expect(response.changes).toMatchObject([
      { seq: 1, type: "create", node: folder, path: "photos", kind: "folder", manifest: null, at: 5000 },
      { seq: 2, type: "create", node: file, parent: folder, path: "photos/a.jpg", kind: "file", manifest: "" },
    ]);
    expectInvariants(world);
  });

  it("C2 bumps the revision on every change and the version on content", async () => {
    const world = await newWorld();
    const file = newNode();
    await world.commit([createOp(file, rootId, "a")]);
    const { results } = await world.commit([moveOp(file, 1, rootId, "b"), updateOp(file, 2), deleteOp(file, 3)]);
    expect(results).toMatchObject([
      { rev: 2, version: 1 },
      { rev: 3, version: 2 },
      { rev: 4, version: 2 },
    ]);
    expectInvariants(world);
  });

  it("C3 answers an operation for an old revision with the node as it is, and applies the others", async () => {
    const world = await newWorld();
    const [file, other] = [newNode(), newNode()];
    await world.commit([createOp(file, rootId, "a")]);
    await world.commit([moveOp(file, 1, rootId, "b")]);
    const { results, head } = await world.commit([updateOp(file, 1), createOp(other, rootId, "c")]);
    expect(results).toMatchObject([
      { status: "conflict", reason: "stale", current: { node: file, name: "b", rev: 2 } },
      { status: "applied", seq: 3 },
    ]);
    expect(head).toBe(3);
    expectInvariants(world);
  });

  it("C4 names every way in which an operation does not fit", async () => {
    const world = await newWorld();
    const [folder, inner, file, deleted] = [newNode(), newNode(), newNode(), newNode()];
    await world.commit([
      mkdirOp(folder, rootId, "folder"),
      mkdirOp(inner, folder, "inner"),
      createOp(file, rootId, "file"),
      createOp(deleted, rootId, "deleted"),
    ]);
    await world.commit([deleteOp(deleted, 1)]);
    const asked = async (...ops: Parameters<World["commit"]>[0]) => reasons((await world.commit(ops)).results);
    expect(await asked(updateOp(newNode(), 1))).toEqual(["gone"]);
    expect(await asked(updateOp(deleted, 2))).toEqual(["gone"]);
    expect(await asked(createOp(file, rootId, "other"))).toEqual(["id-taken"]);
    expect(await asked(createOp(deleted, rootId, "other"))).toEqual(["id-taken"]);
    expect(await asked(createOp(newNode(), newNode(), "x"))).toEqual(["parent-gone"]);
    expect(await asked(createOp(newNode(), file, "x"))).toEqual(["parent-gone"]);
    expect(await asked(moveOp(file, 1, deleted, "x"))).toEqual(["parent-gone"]);
    expect(await asked(createOp(newNode(), rootId, "file"))).toEqual(["name-taken"]);
    expect(await asked(moveOp(folder, 1, inner, "x"))).toEqual(["cycle"]);
    expect(await asked(moveOp(folder, 1, folder, "x"))).toEqual(["cycle"]);
    expect(await asked(deleteOp(folder, 1))).toEqual(["not-empty"]);
    expect(await asked(updateOp(folder, 1))).toEqual(["wrong-kind"]);
    expect(await asked({ ...moveOp(file, 1, rootId, "y"), mode: 0o700 } as ReturnType<typeof moveOp>)).toEqual(["wrong-kind"]);
    expect(await asked(deleteOp(rootId, 1))).toEqual(["wrong-kind"]);
    expect(await asked(moveOp(rootId, 1, folder, "x"))).toEqual(["wrong-kind"]);
    expect(await asked(mkdirOp(rootId, folder, "x"))).toEqual(["wrong-kind"]);
    expectInvariants(world);
  });

  it("C5 makes operations that build on a conflicting one conflict too", async () => {
    const world = await newWorld();
    const [file, taken, folder] = [newNode(), newNode(), newNode()];
    await world.commit([createOp(file, rootId, "a"), createOp(taken, rootId, "t"), moveOp(file, 1, rootId, "b")]);
    const ops = [updateOp(file, 1), moveOp(file, 2, rootId, "c"), mkdirOp(folder, rootId, "t"), createOp(newNode(), folder, "inside")];
    expect(reasons((await world.commit(ops)).results)).toEqual(["stale", "stale", "name-taken", "parent-gone"]);
    expectInvariants(world);
  });

  it("C6 frees a name for the operations after it: two names are swapped over a third in one commit", async () => {
    const world = await newWorld();
    const [a, b] = [newNode("a"), newNode("b")];
    await world.commit([createOp(a, rootId, "one"), createOp(b, rootId, "two")]);
    const swap = [moveOp(a, 1, rootId, "tmp"), moveOp(b, 1, rootId, "one"), moveOp(a, 2, rootId, "two")];
    expect(reasons((await world.commit(swap)).results)).toEqual(["applied", "applied", "applied"]);
    const { children } = await readTree(world.db, { user: world.user, node: rootId, after: "" });
    expect(children).toMatchObject([
      { name: "one", node: b },
      { name: "two", node: a },
    ]);
    const replace = [deleteOp(b, 2), mkdirOp(newNode(), rootId, "one")];
    expect(reasons((await world.commit(replace)).results)).toEqual(["applied", "applied"]);
    expectInvariants(world);
  });

  it("C7 turns a tree inside out: a parent becomes its child's child", async () => {
    const world = await newWorld();
    const [outer, inner] = [newNode("outer"), newNode("inner")];
    await world.commit([mkdirOp(outer, rootId, "o"), mkdirOp(inner, outer, "i"), createOp(newNode(), inner, "f", [])]);
    await world.commit([moveOp(inner, 1, rootId, "i"), moveOp(outer, 1, inner, "o")]);
    expect(await names(world)).toEqual(["i"]);
    expect(await names(world, inner)).toEqual(["f", "o"]);
    expectInvariants(world);
  });

  it("C8 deletes a folder only when nothing lives in it, counting the operations before", async () => {
    const world = await newWorld();
    const [folder, file] = [newNode(), newNode()];
    await world.commit([mkdirOp(folder, rootId, "d"), createOp(file, folder, "f")]);
    expect(reasons((await world.commit([deleteOp(folder, 1), deleteOp(file, 1)])).results)).toEqual(["not-empty", "applied"]);
    expect(reasons((await world.commit([createOp(newNode(), folder, "g"), deleteOp(folder, 1)])).results)).toEqual([
      "applied",
      "not-empty",
    ]);
    expectInvariants(world);
  });

  it("C9 takes a path of as many names as allowed and refuses one more, also for what moves along with a folder", async () => {
    const world = await newWorld();
    const chain = Array.from({ length: pathDepthMax - 1 }, () => newNode());
    const ops = chain.map((node, index) => mkdirOp(node, chain[index - 1] ?? rootId, "d"));
    const [last = rootId, other, file] = [chain.at(-1), newNode(), newNode()];
    expect(new Set(reasons((await world.commit(ops)).results))).toEqual(new Set(["applied"]));
    expect(reasons((await world.commit([createOp(file, last, "at the limit")])).results)).toEqual(["applied"]);
    const [top = rootId] = chain;
    await world.commit([mkdirOp(other, rootId, "other")]);
    expect(reasons((await world.commit([moveOp(top, 1, other, "x")])).results)).toEqual(["too-deep"]);
    await world.commit([deleteOp(file, 1)]);
    expect(reasons((await world.commit([moveOp(top, 1, other, "x")])).results)).toEqual(["applied"]);
    expect(reasons((await world.commit([createOp(newNode(), last, "one past")])).results)).toEqual(["too-deep"]);
    expectInvariants(world);
  });

  it("C10 keeps names unique by their NFC form, and the spelling that a device had", async () => {
    const world = await newWorld();
    const file = newNode();
    const spelled = { ...createOp(file, rootId, "é"), spelling: "e\u0301" } as ReturnType<typeof createOp>;
    const { changes } = await world.commit([spelled, createOp(newNode(), rootId, "É")]);
    expect(changes).toMatchObject([{ name: "é", spelling: "e\u0301" }, { name: "É" }]);
    expect(reasons((await world.commit([createOp(newNode(), rootId, "é")])).results)).toEqual(["name-taken"]);
    const moved = { ...moveOp(file, 1, rootId, "é"), spelling: "x" } as ReturnType<typeof moveOp>;
    expect((await commit(world.deps, world.call([moved]))).answer).toMatchObject({ ok: false, code: "bad-name" });
  });

  it("C11 answers a re-sent commit as it was answered before, and changes nothing (I4)", async () => {
    const world = await newWorld();
    const [folder, file, small] = [newNode(), newNode(), block("s")];
    const ops = [mkdirOp(folder, rootId, "d"), createOp(file, folder, "f", [small]), moveOp(file, 1, rootId, "g")];
    const packs = [packOf(small)];
    const first = await world.commit(ops, packs);
    await world.commit([deleteOp(file, 2), createOp(newNode(), rootId, "g")]);
    const before = dump(world);
    world.time += 1000;
    const again = await world.commit(ops, [packOf(small)]);
    expect(again.results).toEqual(first.results);
    expect(again.changes).toEqual(first.changes);
    expect(dump(world)).toEqual(before);
  });

  it("C12 refuses an operation id that was used for something else, and the whole commit with it", async () => {
    const world = await newWorld();
    const first = createOp(newNode(), rootId, "a");
    await world.commit([first]);
    const before = dump(world);
    const reused = { ...deleteOp(first.node, 1), opId: first.opId };
    expect((await commit(world.deps, world.call([createOp(newNode(), rootId, "b"), reused]))).answer).toMatchObject({ code: "op-reused" });
    const twice = mkdirOp(newNode(), rootId, "c");
    expect((await commit(world.deps, world.call([twice, twice]))).answer).toMatchObject({ code: "op-reused" });
    expect(dump(world)).toEqual(before);
  });

  it("C19 writes as many operations as a commit may have in one batch", async () => {
    const world = await newWorld();
    const folder = newNode();
    const files = Array.from({ length: commitOpsMax - 1 }, (_, index) => createOp(newNode(), folder, `file ${index}`));
    const { head } = await world.commit([mkdirOp(folder, rootId, "many"), ...files]);
    expect(head).toBe(commitOpsMax);
    const { results } = await world.commit([...files.map(({ node }) => deleteOp(node, 1)), deleteOp(folder, 1)]);
    expect(new Set(reasons(results))).toEqual(new Set(["applied"]));
    expectInvariants(world);
  });

  it("C21 cannot see another user's nodes: they are gone, and no parents", async () => {
    const [one, two] = [await newWorld(), await newWorld()];
    const stranger = { ...two, deps: { ...two.deps, db: one.db } };
    await ensureNamespace(one.db, { user: two.user, epoch, now: 1, quotaBytes: 1e9 });
    const [folder, file] = [newNode(), newNode()];
    await one.commit([mkdirOp(folder, rootId, "d"), createOp(file, rootId, "f")]);
    const before = dump(one);
    const ops = [updateOp(file, 1), createOp(newNode(), folder, "x"), createOp(file, rootId, "mine")];
    const { answer } = await commit(stranger.deps, stranger.call(ops));
    expect(answer.ok && reasons(answer.response.results)).toEqual(["gone", "parent-gone", "stale"]);
    expect(dump(one)).toEqual(before);
    expect((await commit(stranger.deps, stranger.call([createOp(file, rootId, "mine")]))).answer).toMatchObject({ ok: true });
    expect(dump(one)).toEqual(before);
  });

  it("C34 reads each folder once, and no file, to learn how deep nested folders are that all move, and learns it exactly", async () => {
    const world = await newWorld();
    const [a, b, c, aside] = [newNode(), newNode(), newNode(), newNode()];
    const below = [
      createOp(newNode(), aside, "4"),
      mkdirOp(newNode(), c, "d"),
      ...["1", "2", "3"].map((name) => createOp(newNode(), b, name)),
    ];
    await world.commit([mkdirOp(a, rootId, "a"), mkdirOp(b, a, "b"), mkdirOp(c, b, "c"), mkdirOp(aside, a, "aside"), ...below]);
    const asked: string[] = [];
    const db: Database = {
      batch: (statements) => world.db.batch(statements),
      prepare: (sql) => {
        asked.push(sql);
        return world.db.prepare(sql);
      },
    };
    const ops = checkOps([moveOp(c, 1, rootId, "c"), moveOp(a, 1, rootId, "x"), moveOp(b, 1, rootId, "b"), moveOp(aside, 1, rootId, "y")]);
    const { nodes } = await load(world.db, { user: world.user, ops, packs: [], deltas: [], compared: [], now: world.time });
    const heights = await loadHeights(db, world.user, ops, nodes);
    expect([a, b, c, aside].map((node) => heights.get(node))).toEqual([3, 2, 1, 1]);
    const walked = asked.join(";").replace(/SELECT top AS node[^]*$/, "SELECT count(*) AS rows FROM down");
    expect(world.db.raw.prepare(walked).get(JSON.stringify([c, a, b, aside]), world.user)).toMatchObject({ rows: 5 });
  });

  it("C22 looks every row up by its key: no statement of a commit walks a table, or all rows of a user", async () => {
    const world = await newWorld();
    const asked = new Set<string>();
    const db: Database = {
      prepare: (sql) => {
        asked.add(sql);
        return world.db.prepare(sql);
      },
      batch: (statements) => world.db.batch(statements),
    };
    const [folder, other, file, small, large] = [newNode(), newNode(), newNode(), block("s"), block("l", packBlockBytesMax + 1)];
    world.blocks.upload(large);
    const pack = packOf(small, block("t"));
    await world.commit([mkdirOp(folder, rootId, "d"), mkdirOp(other, rootId, "e"), createOp(file, folder, "f", [small, large])], [pack], {
      db,
    });
    await world.commit([updateOp(file, 1, [block("t")]), moveOp(folder, 1, other, "x"), mkdirOp(newNode(), rootId, "d")], [], { db });
    await world.commit([deleteOp(file, 2), deleteOp(folder, 2)], [], { db });
    world.intents.intent = { holds: [large.hash] };
    await world.commit([mkdirOp(newNode(), rootId, "z")], [], { db });
    expect(asked.size).toBeGreaterThan(19);
    for (const sql of asked) {
      const plan = world.db.raw.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      const walks = plan
        .map(({ detail }) => detail)
        .filter((detail) => /SCAN (?!json_each|j |up|down|\(subquery)|\(user_id=\?\)$/.test(detail));
      expect({ sql, walks: walks.filter((detail) => !detail.includes("namespaces")) }).toEqual({ sql, walks: [] });
    }
  });
});
