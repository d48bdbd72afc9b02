import type { NodeId } from "@ashlar/shared/ids";
import { deletionRunMs, historyMs, historyScanRowsMax, journalMs, manifestRowCharsMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { TrashBelow } from "@ashlar/shared/protocol/history";
import { expect, it } from "vitest";
import { find } from "../../src/history/find.ts";
import { readLog, type LogQuestion } from "../../src/history/log.ts";
import { firstChangeAfter } from "../../src/history/moment.ts";
import { readRewind } from "../../src/history/rewind.ts";
import { readTrash, readTrashBelow } from "../../src/history/trash.ts";
import { readVersions } from "../../src/history/versions.ts";
import type { Database } from "../../src/ports.ts";
import type { DeviceNames } from "../../src/history/device-names.ts";
import {
  block,
  createOp,
  deleteOp,
  mkdirOp,
  moveOp,
  newNode,
  newUser,
  newWorld,
  packOf,
  restoreOp,
  rootId,
  updateOp,
  type World,
} from "../support/namespace-world.ts";

const named: DeviceNames = async (rows) => rows.map((row) => ({ ...row, deviceName: "desk" }));
const trashOf = async (world: World, before: number | null = null, limit?: number) =>
  readTrash(world.db, named, { user: world.user, before, now: world.time, ...(limit !== undefined && { limit }) });
const at = async (world: World, path: string) => (await find(world.db, { user: world.user, path })).chain.at(-1);
const logOf = (world: World, question: Partial<LogQuestion>) =>
  readLog(world.db, named, { user: world.user, from: 0, after: null, path: null, node: null, now: world.time, ...question });

it("V5 a path finds what is there, else what was deleted there last, through deleted folders as well", async () => {
  const world = await newWorld();
  const [old, folder, first, second, live] = ["old", "folder", "first", "second", "live"].map((label) => newNode(label)) as [
    NodeId,
    NodeId,
    NodeId,
    NodeId,
    NodeId,
  ];
  await world.commit([mkdirOp(old, rootId, "d"), createOp(first, old, "a")]);
  await world.commit([deleteOp(first, 1), deleteOp(old, 1)]);
  world.time += 1;
  await world.commit([mkdirOp(folder, rootId, "d"), createOp(second, folder, "a")]);
  await world.commit([deleteOp(second, 1)]);
  expect(await at(world, "d")).toMatchObject({ node: folder, deletedAt: null });
  expect(await at(world, "d/a")).toMatchObject({ node: second, deletedAt: world.time });
  await world.commit([createOp(live, folder, "a")]);
  expect((await find(world.db, { user: world.user, path: "d/a" })).chain).toMatchObject([
    { node: folder },
    { node: live, deletedAt: null },
  ]);
  await world.commit([deleteOp(live, 1), deleteOp(folder, 1)]);
  expect(await at(world, "d")).toMatchObject({ node: folder, deletedAt: world.time });
  expect((await find(world.db, { user: world.user, path: "" })).chain).toEqual([]);
  for (const path of ["x", "d/x", "d/a/a", "d/", "/d"]) await expect(at(world, path)).rejects.toMatchObject({ code: "not-found" });
  await expect(find(world.db, { user: newUser(), path: "d" })).rejects.toMatchObject({ code: "not-found" });
});

it("V6 versions come newest first, page by page, with who made them, also of a deleted file", async () => {
  const world = await newWorld();
  const file = newNode();
  await world.commit([createOp(file, rootId, "a"), updateOp(file, 1), updateOp(file, 2)]);
  await world.commit([deleteOp(file, 3)]);
  const read = (before: number) => readVersions(world.db, named, { user: world.user, node: file, before, limit: 2 });
  const page = await read(100);
  expect(page).toMatchObject({ node: { deletedAt: world.time, version: 3 }, next: 2 });
  expect(page.versions.map(({ version, supersededAt, deviceName }) => [version, supersededAt, deviceName])).toEqual([
    [3, null, "desk"],
    [2, world.time, "desk"],
  ]);
  const rest = await read(2);
  expect([rest.versions.map(({ version }) => version), rest.next]).toEqual([[1], null]);
  for (const node of [newNode(), rootId]) {
    await expect(readVersions(world.db, named, { user: world.user, node, before: 9 })).rejects.toMatchObject({ code: "not-found" });
  }
});

it("V7 a folder stands in the trash for all that was deleted with it, and nothing that was deleted long before", async () => {
  const world = await newWorld();
  const [folder, inner, early, late, gone, other] = ["folder", "inner", "early", "late", "gone", "other"].map((label) =>
    newNode(label),
  ) as [NodeId, NodeId, NodeId, NodeId, NodeId, NodeId];
  await world.commit([
    mkdirOp(folder, rootId, "d"),
    mkdirOp(inner, folder, "i"),
    createOp(early, folder, "early"),
    createOp(late, folder, "late"),
    createOp(gone, inner, "gone"),
    createOp(other, rootId, "other"),
  ]);
  await world.commit([deleteOp(early, 1)]);
  world.time += 1;
  await world.commit([deleteOp(late, 1), deleteOp(gone, 1), deleteOp(inner, 1)]);
  world.time += deletionRunMs;
  await world.commit([deleteOp(other, 1), moveOp(folder, 1, rootId, "renamed"), deleteOp(folder, 2)]);
  const { items, next } = await trashOf(world);
  expect(items.map(({ node, path, deletedPath, deviceName }) => [node, path, deletedPath, deviceName])).toEqual([
    [folder, "renamed", "renamed", "desk"],
    [other, "other", "other", "desk"],
    [early, "renamed/early", "d/early", "desk"],
  ]);
  expect(next).toBeNull();
  const below = await readTrashBelow(world.db, { user: world.user, folders: [folder, inner, other], after: null });
  expect(below.folders.map(({ folder: id, children }) => [id, children.map(({ node }) => node)])).toEqual([
    [folder, [inner, late]],
    [inner, [gone]],
    [other, []],
  ]);
  const paged: string[] = [];
  for (let after: string | null = null; ;) {
    const answer: TrashBelow = await readTrashBelow(world.db, { user: world.user, folders: [folder], after, limit: 1 });
    const [page] = answer.folders;
    paged.push(...(page?.children ?? []).map(({ name }) => name));
    if (page === undefined || page.next === null) break;
    after = page.next;
  }
  expect(paged).toEqual(["i", "late"]);

  // A restored one is in the trash no more, and of two deletions of one node the last counts.
  await world.commit([restoreOp(other, 2, rootId, "other")]);
  expect((await trashOf(world)).items.map(({ node }) => node)).toEqual([folder, early]);
  world.time += 1;
  await world.commit([deleteOp(other, 3)]);
  const first = await trashOf(world, null, 2);
  expect(first.items.map(({ node }) => node)).toEqual([other, folder]);
  expect((await trashOf(world, first.next, 2)).items.map(({ node }) => node)).toEqual([early]);
  world.time += historyMs - 1;
  expect((await trashOf(world)).items.map(({ node }) => node)).toEqual([other]);
  world.time += 1;
  expect((await trashOf(world)).items).toEqual([]);
});

it("V8 one request for the trash, the log or a rewind looks at no more of the journal than the limit", async () => {
  for (const [rows, isOnePage] of [
    [historyScanRowsMax, true],
    [historyScanRowsMax + 1, false],
  ] as const) {
    const world = await newWorld();
    writeChanges(world, rows);
    const log = await logOf(world, { path: "nothing" });
    expect([log.entries, log.next]).toEqual([[], isOnePage ? null : historyScanRowsMax]);
    const trash = await trashOf(world);
    expect([trash.items, trash.next]).toEqual([[], isOnePage ? null : 2]);
    const rewind = await readRewind(world.db, { user: world.user, to: 0, after: null, now: 1 });
    expect([rewind.items, rewind.next]).toEqual([[], isOnePage ? null : historyScanRowsMax]);
  }
});

/** Rows of a journal that nothing else knows of, one millisecond apart. */
function writeChanges(world: World, count: number): void {
  world.db.raw
    .prepare(
      `WITH RECURSIVE c(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM c WHERE seq < ?2)
       INSERT INTO changes (user_id, seq, op_id, type, device_id, at, node_id, parent_id, name, path, kind, rev, version, size, mtime_ms, mode)
       SELECT ?1, seq, 'op' || seq, 'create', 'd', seq, 'n' || seq, 'p', 'x', 'x', 'file', 1, 1, 0, 0, 0 FROM c`,
    )
    .run(world.user, count);
  world.db.raw.prepare("UPDATE namespaces SET seq = ?2 WHERE user_id = ?1").run(world.user, count);
}

it("V9 a moment is found by halving the journal, as far back as history goes", async () => {
  const world = await newWorld();
  const first = (to: number, now = 2000) => firstChangeAfter(world.db, { user: world.user, to, now });
  expect(await first(0)).toBe(1);
  writeChanges(world, 1000);
  for (const moment of [0, 1, 499, 500, 999, 1000, 1500]) expect(await first(moment)).toBe(Math.min(moment, 1000) + 1);
  world.db.raw.prepare("DELETE FROM changes WHERE seq <= 300").run();
  expect(await first(300)).toBe(301);
  expect(await first(700)).toBe(701);
  expect(await first(400, historyMs + 400)).toBe(401);
  await expect(first(400, historyMs + 401)).rejects.toMatchObject({ code: "history-expired" });
  // A clock that went back: some place at which it passed the moment.
  world.db.raw.prepare("UPDATE changes SET at = at - 400 WHERE seq > 600").run();
  const seq = await first(450);
  const timeOf = (of: number) =>
    Number(world.db.raw.prepare("SELECT at FROM changes WHERE seq = ?").get(of)?.["at"] ?? Number.POSITIVE_INFINITY);
  expect(timeOf(seq - 1)).toBeLessThanOrEqual(450);
  expect(timeOf(seq)).toBeGreaterThan(450);
  await expect(firstChangeAfter(world.db, { user: newUser(), to: 1, now: 2 })).rejects.toMatchObject({ code: "not-found" });
});

it("V10 what is no longer kept is told as lost, and rows without what they found are no ground for a plan", async () => {
  const world = await newWorld();
  const [file, gone] = [newNode("file"), newNode("gone")];
  await world.commit([createOp(file, rootId, "a"), createOp(gone, rootId, "b")]);
  const to = world.time;
  world.time += 1;
  await world.commit([updateOp(file, 1), deleteOp(gone, 1)]);
  const read = () => readRewind(world.db, { user: world.user, to, after: null, now: world.time });
  world.db.raw.prepare("DELETE FROM versions WHERE node_id = ?1 AND version = 1 OR node_id = ?2").run(file, gone);
  world.db.raw.prepare("DELETE FROM nodes WHERE node_id = ?").run(gone);
  expect(await read()).toMatchObject({ items: [{ node: { node: file }, wanted: { content: "lost" } }], lost: [{ node: gone, path: "b" }] });
  world.db.raw.prepare("UPDATE changes SET before_parent = NULL").run();
  await expect(read()).rejects.toMatchObject({ code: "history-expired" });
});

it("V10 a file that changed many times is told once in a page, as its first change there found it", async () => {
  const world = await newWorld();
  const [file, other] = [newNode("file"), newNode("other")];
  await world.commit([createOp(file, rootId, "a"), createOp(other, rootId, "b")]);
  const to = world.time;
  world.time += 1;
  for (let rev = 1; rev <= 6; rev++) await world.commit([updateOp(file, rev, [block(`${rev}`)])], [packOf(block(`${rev}`))]);
  await world.commit([moveOp(other, 1, rootId, "c")]);
  const page = async (after: number | null, limit: number) => {
    const { items, next } = await readRewind(world.db, { user: world.user, to, after, now: world.time, limit });
    return { found: items.map(({ node, wanted }) => [node.node, wanted?.version]), next };
  };
  expect(await page(null, 100)).toEqual({
    found: [
      [file, 1],
      [other, 1],
    ],
    next: null,
  });
  expect(await page(null, 4)).toEqual({ found: [[file, 1]], next: 6 });
  expect(await page(6, 4)).toEqual({
    found: [
      [file, 5],
      [other, 1],
    ],
    next: null,
  });
});

it("V10 content is the same by its manifest, also where that is too long for a row", async () => {
  const world = await newWorld({ quotaBytes: 1e15 });
  const large = block("large", packBlockBytesMax + 1);
  world.blocks.upload(large);
  const long = (more: number) => Array.from({ length: Math.ceil(manifestRowCharsMax / 46) + more }, () => large);
  const file = newNode();
  await world.commit([createOp(file, rootId, "a", long(0))]);
  const to = world.time;
  world.time += 1;
  const content = async () => {
    const { items } = await readRewind(world.db, { user: world.user, to, after: null, now: world.time });
    return items.map(({ wanted }) => wanted?.content);
  };
  await world.commit([updateOp(file, 1, long(1))]);
  expect(await content()).toEqual(["other"]);
  await world.commit([updateOp(file, 2, long(0))]);
  expect(await content()).toEqual(["same"]);
});

it("V16 the log tells what happened to a path and below it, and to what is called so now, longer than a cursor lasts", async () => {
  const world = await newWorld();
  const [folder, file, other] = [newNode("folder"), newNode("file"), newNode("other")];
  await world.commit([mkdirOp(folder, rootId, "d"), createOp(file, folder, "a"), createOp(other, rootId, "dd")]);
  world.time += 10;
  await world.commit([moveOp(file, 1, rootId, "out"), updateOp(other, 1)]);
  world.time += journalMs + 1;
  const seqs = async (question: Partial<LogQuestion>) => (await logOf(world, question)).entries.map(({ seq }) => seq);
  expect(await seqs({})).toEqual([1, 2, 3, 4, 5]);
  expect(await seqs({ path: "d" })).toEqual([1, 2]);
  expect(await seqs({ path: "d", node: folder })).toEqual([1, 2, 4]);
  expect(await seqs({ path: "out", node: file })).toEqual([2, 4]);
  expect(await seqs({ from: 5010 })).toEqual([4, 5]);
  expect(await seqs({ from: 5011 })).toEqual([]);
  expect(await seqs({ after: 4 })).toEqual([5]);
  const page = await logOf(world, { limit: 4 });
  expect([page.next, page.head]).toEqual([4, 5]);
  expect(page.entries[3]).toMatchObject({ type: "move", path: "out", from: { parent: folder, name: "a" }, deviceName: "desk" });
  expect(page.entries[0]?.from).toBeNull();
  world.time += historyMs;
  expect(await seqs({})).toEqual([]);
});

it("V8 no question about history walks a table, or all rows of a user but those of the journal that it says", async () => {
  const world = await newWorld();
  const asked = new Set<string>();
  const db: Database = {
    prepare: (sql) => {
      asked.add(sql);
      return world.db.prepare(sql);
    },
    batch: (statements) => world.db.batch(statements),
  };
  const { user, time: now } = world;
  const [folder, file] = [newNode("folder"), newNode("file")];
  await world.commit([mkdirOp(folder, rootId, "d"), createOp(file, folder, "f")]);
  await world.commit([deleteOp(file, 1), deleteOp(folder, 1)]);
  await find(db, { user, path: "d/f" });
  await readVersions(db, named, { user, node: file, before: 9 });
  await readTrash(db, named, { user, before: null, now });
  await readTrashBelow(db, { user, folders: [folder], after: null });
  await readRewind(db, { user, to: now - 1, after: null, now });
  await readLog(db, named, { user, from: 0, after: null, path: "d", node: folder, now });
  expect(asked.size).toBe(10);
  for (const sql of asked) {
    const plan = world.db.raw.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    const walks = plan
      .map((row) => String(row["detail"]))
      .filter((detail) => /SCAN (?!CONSTANT|json_each|up|walk|search|page|first|\(subquery)|\(user_id=\?\)$/.test(detail))
      .filter((detail) => !/SEARCH (ns|namespaces) USING PRIMARY KEY \(user_id=\?\)$/.test(detail));
    // The oldest row of a journal is the first by its key, and read alone.
    expect({ sql, walks: walks.filter((detail) => detail !== "SEARCH c USING PRIMARY KEY (user_id=?)") }).toEqual({ sql, walks: [] });
  }
});
