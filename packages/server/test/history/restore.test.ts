import { historyMs, pathDepthMax } from "@ashlar/shared/limits";
import type { Op } from "@ashlar/shared/protocol/commit";
import { expect, it } from "vitest";
import { expectInvariants } from "../support/invariants.ts";
import {
  block,
  createOp,
  deleteOp,
  mkdirOp,
  moveOp,
  newNode,
  newWorld,
  packOf,
  restoreOp,
  rootId,
  updateOp,
  type World,
} from "../support/namespace-world.ts";

const reasonOf = async (world: World, ...ops: Parameters<World["commit"]>[0]) =>
  (await world.commit(ops)).results.map((result) => (result.status === "conflict" ? result.reason : "applied"));

const spelled = (op: Op, spelling: string): Op => (op.op === "move" ? { ...op, spelling } : op);

it("V1 every change notes what it found", async () => {
  const world = await newWorld();
  const [folder, file] = [newNode("folder"), newNode("file")];
  await world.commit([mkdirOp(folder, rootId, "d"), createOp(file, rootId, "a")]);
  await world.commit([
    updateOp(file, 1),
    spelled(moveOp(file, 2, folder, "r\u00e9"), "re\u0301"),
    moveOp(file, 3, rootId, "b"),
    deleteOp(file, 4),
  ]);
  world.time += 10;
  await world.commit([restoreOp(file, 5, rootId, "c")]);
  const rows = world.db.raw
    .prepare(
      `SELECT type, before_parent AS parent, before_name AS name, before_spelling AS spelling, before_version AS version,
       before_mode AS mode, before_deleted AS deleted FROM changes WHERE node_id = ? ORDER BY seq`,
    )
    .all(file)
    .map((row) => ({ ...row }));
  const found = { parent: rootId, name: "a", spelling: null, version: 2, mode: 0o644, deleted: null };
  expect(rows).toEqual([
    { type: "create", parent: null, name: null, spelling: null, version: null, mode: null, deleted: null },
    { ...found, type: "update", version: 1 },
    { ...found, type: "move" },
    { ...found, type: "move", parent: folder, name: "r\u00e9", spelling: "re\u0301" },
    { ...found, type: "delete", name: "b" },
    { ...found, type: "restore", name: "b", deleted: 5000 },
  ]);
});

it("V2 a restored file has its id, last version and history, a restored folder is empty, and both count again", async () => {
  const world = await newWorld({ quotaBytes: 12 });
  const [folder, file] = [newNode("folder"), newNode("file")];
  await world.commit([mkdirOp(folder, rootId, "d"), createOp(file, folder, "a", [block("1")])], [packOf(block("1"))]);
  await world.commit([updateOp(file, 1, [block("2")])], [packOf(block("2"))]);
  await world.commit([deleteOp(file, 2), deleteOp(folder, 1)]);
  expectInvariants(world);
  const { results, changes } = await world.commit([restoreOp(folder, 2, rootId, "e"), restoreOp(file, 3, folder, "b")]);
  expect(results).toMatchObject([
    { status: "applied", rev: 3 },
    { status: "applied", rev: 4, version: 2 },
  ]);
  expect(changes[1]).toMatchObject({ type: "restore", node: file, path: "e/b", version: 2, size: 10 });
  expect(changes[1]?.manifest).not.toBeNull();
  expectInvariants(world);
  // 10 of 12 bytes are in use: what does not fit cannot come back either.
  await world.commit([deleteOp(file, 4)]);
  await world.commit([createOp(newNode(), rootId, "in the way", [block("3", 5)])], [packOf(block("3", 5))]);
  await expect(world.commit([restoreOp(file, 5, folder, "b")])).rejects.toThrow("over-quota");
});

it("V3 a restore that does not fit is answered with the reason", async () => {
  const world = await newWorld();
  const [folder, file, other, inner] = [newNode("folder"), newNode("file"), newNode("other"), newNode("inner")];
  await world.commit([
    mkdirOp(folder, rootId, "d"),
    createOp(file, rootId, "a"),
    createOp(other, rootId, "b"),
    mkdirOp(inner, folder, "i"),
  ]);
  expect(
    await reasonOf(world, restoreOp(newNode(), 1, rootId, "x"), restoreOp(rootId, 1, rootId, "x"), restoreOp(file, 1, rootId, "x")),
  ).toEqual(["gone", "stale", "stale"]);
  await world.commit([deleteOp(file, 1), deleteOp(inner, 1), deleteOp(folder, 1)]);
  expect(await reasonOf(world, restoreOp(file, 1, rootId, "a"))).toEqual(["stale"]);
  expect(await reasonOf(world, restoreOp(file, 2, rootId, "b"))).toEqual(["name-taken"]);
  expect(await reasonOf(world, restoreOp(file, 2, folder, "a"))).toEqual(["parent-gone"]);
  expect(await reasonOf(world, restoreOp(file, 2, other, "a"))).toEqual(["parent-gone"]);
  expect(await reasonOf(world, restoreOp(folder, 2, inner, "a"))).toEqual(["parent-gone"]);
  // What goes below one that could not come back waits for it.
  expect(await reasonOf(world, restoreOp(folder, 2, rootId, "b"), restoreOp(inner, 2, folder, "i"))).toEqual(["name-taken", "parent-gone"]);

  let deepest = rootId;
  for (let depth = 1; depth < pathDepthMax; depth++) {
    const next = newNode();
    await world.commit([mkdirOp(next, deepest, "n")]);
    deepest = next;
  }
  expect(await reasonOf(world, restoreOp(folder, 2, deepest, "n"))).toEqual(["applied"]);
  expect(await reasonOf(world, restoreOp(file, 2, folder, "n"))).toEqual(["too-deep"]);

  // After 30 days what it consisted of may have gone.
  world.time += historyMs - 1;
  await world.commit([deleteOp(other, 1)]);
  world.time += historyMs - 1;
  expect(await reasonOf(world, restoreOp(other, 2, rootId, "kept"))).toEqual(["applied"]);
  expect(await reasonOf(world, restoreOp(file, 2, rootId, "late"))).toEqual(["gone"]);
  await world.commit([deleteOp(other, 3)]);
  world.time += historyMs;
  expect(await reasonOf(world, restoreOp(other, 4, rootId, "late"))).toEqual(["gone"]);
});
