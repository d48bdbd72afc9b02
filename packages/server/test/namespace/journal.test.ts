import { epochSchema, type NodeId, rootId } from "@ashlar/shared/ids";
import {
  changeManifestCharsMax,
  changesPageMax,
  historyMs,
  journalMs,
  packBlockBytesMax,
  treeChildrenMax,
  treeFoldersMax,
} from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import { expect, it } from "vitest";
import { trimManifests } from "../../src/namespace/change-page.ts";
import { pruneJournal, readChanges } from "../../src/namespace/journal.ts";
import { readFolders, readTree } from "../../src/namespace/tree.ts";
import { block, createOp, deleteOp, epoch, mkdirOp, newNode, newUser, newWorld, type World } from "../support/namespace-world.ts";

const read = (world: World, since: number, limit = changesPageMax) =>
  readChanges(world.db, { user: world.user, since, epoch, limit, now: world.time });

const seqsOf = (answer: Awaited<ReturnType<typeof read>>) => (answer.kind === "page" ? answer.changes.map(({ seq }) => seq) : answer.kind);

it("J19 answers the changes that the commits were answered with, at most a page of them", async () => {
  const world = await newWorld();
  const made = Array.from({ length: changesPageMax + 1 }, (_, index) => mkdirOp(newNode(), rootId, `d${index}`));
  const { changes } = await world.commit(made);
  const answer = await read(world, 0, changesPageMax + 1);
  expect(answer).toEqual({ kind: "page", epoch, head: changesPageMax + 1, changes: changes.slice(0, changesPageMax) });
  expect(seqsOf(await read(world, changesPageMax))).toEqual([changesPageMax + 1]);
});

it("J20 tells a cursor apart that is of another epoch, above the head, or older than the journal", async () => {
  const world = await newWorld();
  for (const name of ["a", "b", "c"]) {
    await world.commit([mkdirOp(newNode(), rootId, name)]);
    world.time += journalMs / 2;
  }
  const other = epochSchema.parse("other".padEnd(22, "_"));
  expect(await readChanges(world.db, { user: world.user, since: 1, epoch: other, limit: 1, now: world.time })).toEqual({
    kind: "epoch-changed",
    epoch,
    head: 3,
  });
  expect(seqsOf(await readChanges(world.db, { user: world.user, since: 1, epoch: null, limit: 1, now: world.time }))).toBe("epoch-changed");
  expect(seqsOf(await read(world, 4))).toBe("epoch-changed");
  world.time = 5000 + journalMs;
  expect(seqsOf(await read(world, 0))).toEqual([1, 2, 3]);
  world.time += 1;
  expect(await read(world, 0)).toEqual({ kind: "cursor-expired", epoch, head: 3 });
  expect(seqsOf(await read(world, 1))).toEqual([2, 3]);
  world.time = 5000;
  const now = 5000 + historyMs;
  expect(await pruneJournal(world.db, { user: world.user, now: now - 1, rowsMax: 100 })).toBe(0);
  expect(await pruneJournal(world.db, { user: world.user, now, rowsMax: 100 })).toBe(1);
  expect(await read(world, 0)).toEqual({ kind: "cursor-expired", epoch, head: 3 });
  expect(seqsOf(await read(world, 1))).toEqual([2, 3]);
  await expect(readChanges(world.db, { user: newUser(), since: 0, epoch: null, limit: 1, now: world.time })).rejects.toMatchObject({
    code: "not-found",
  });
});

it("J28 a cursor whose change was made by another operation is of another life, and one whose row is gone is taken at its word", async () => {
  const world = await newWorld();
  const { changes } = await world.commit(["a", "b", "c"].map((name) => mkdirOp(newNode(), rootId, name)));
  const [first, second] = changes.map(({ opId }) => opId);
  const asked = (since: number, op: typeof first) =>
    readChanges(world.db, { user: world.user, since, epoch, op, limit: 10, now: world.time }).then(seqsOf);
  expect(await asked(1, first)).toEqual([2, 3]);
  expect(await asked(1, second)).toBe("epoch-changed");
  expect(await asked(3, second)).toBe("epoch-changed");
  expect(await asked(0, undefined)).toEqual([1, 2, 3]);
  world.time += historyMs;
  await world.commit([mkdirOp(newNode(), rootId, "d")]);
  expect(await pruneJournal(world.db, { user: world.user, now: world.time, rowsMax: 100 })).toBe(3);
  expect(await asked(3, second)).toEqual([4]);
});

it("J21 prunes a prefix only, so many rows at a time, and a device at the head is still served", async () => {
  const world = await newWorld();
  const late = world.time + 2 * historyMs;
  await world.commit(["a", "b", "c", "d"].map((name) => mkdirOp(newNode(), rootId, name)));
  world.time = late;
  await world.commit([mkdirOp(newNode(), rootId, "e")]);
  world.time = 5000;
  await world.commit([mkdirOp(newNode(), rootId, "after the clock went back")]);
  expect(await pruneJournal(world.db, { user: world.user, now: late, rowsMax: 3 })).toBe(3);
  expect(await pruneJournal(world.db, { user: world.user, now: late, rowsMax: 3 })).toBe(1);
  expect(await pruneJournal(world.db, { user: world.user, now: late, rowsMax: 3 })).toBe(0);
  expect(seqsOf(await read(world, 4))).toEqual([5, 6]);
  expect(await pruneJournal(world.db, { user: world.user, now: late + 2 * historyMs, rowsMax: 3 })).toBe(2);
  expect(seqsOf(await read(world, 6))).toEqual([]);
  expect(seqsOf(await read(world, 5))).toBe("cursor-expired");
});

it("J22 carries manifests up to the limit, none with a delete, and no more in one message than it may hold", async () => {
  const world = await newWorld({ quotaBytes: 1e15 });
  const large = block("large", packBlockBytesMax + 1);
  world.blocks.upload(large);
  // 35 bytes of a manifest are 46 2/3 characters.
  const most = Math.floor((changeManifestCharsMax * 3) / 4 / 35);
  const [fits, past] = [Array.from({ length: most }, () => large), Array.from({ length: most + 1 }, () => large)];
  const file = newNode();
  await world.commit([createOp(file, rootId, "fits", fits), createOp(newNode(), rootId, "past", past), deleteOp(file, 1)]);
  const answer = await read(world, 0);
  expect(answer.kind === "page" && answer.changes.map(({ manifest }) => manifest)).toEqual([encodeManifest(fits), null, null]);
  await world.commit(Array.from({ length: 200 }, (_, index) => createOp(newNode(), rootId, `${index}`, fits)));
  const page = await read(world, 3);
  expect(page.kind === "page" && page.changes.length).toBeLessThan(200);
  expect(page.kind === "page" && page.changes.every(({ manifest }) => manifest !== null)).toBe(true);
  const twice = page.kind === "page" ? trimManifests([...page.changes, ...page.changes]) : [];
  expect(twice.filter(({ manifest }) => manifest === null).length).toBeGreaterThan(0);
});

it("J23 lists a folder page by page until there is no next", async () => {
  const world = await newWorld();
  const names = ["B", "a", "b", "c", "é", "Z"];
  await world.commit(names.map((name) => mkdirOp(newNode(), rootId, name)));
  const listed: string[] = [];
  for (let after: string | null = ""; after !== null;) {
    const page: Awaited<ReturnType<typeof readTree>> = await readTree(world.db, { user: world.user, node: rootId, after, limit: 2 });
    listed.push(...page.children.map(({ name }) => name));
    after = page.next;
  }
  expect(listed).toEqual(["B", "Z", "a", "b", "c", "é"]);
});

const fill = (node: NodeId, count: number) => Array.from({ length: count }, (_, at) => mkdirOp(newNode(), node, `${1000 + at}`));

it("J27 lists several folders in one answer, which share what it may hold", async () => {
  const world = await newWorld();
  const folders = Array.from({ length: treeFoldersMax }, newNode);
  const share = treeChildrenMax / treeFoldersMax;
  await world.commit(folders.map((node) => mkdirOp(node, rootId, node)));
  const [full, over] = folders.slice(-2);
  await world.commit([...fill(full ?? rootId, share), ...fill(over ?? rootId, share + 1)]);
  const ask = (nodes: readonly NodeId[]) =>
    readFolders(
      world.db,
      world.user,
      nodes.map((node) => ({ node, after: "" })),
    );
  const pages = await ask(folders);
  expect(pages.map((page) => page?.folder.node)).toEqual(folders);
  expect(pages.slice(-2).map((page) => [page?.children.length, page?.next])).toEqual([
    [share, null],
    [share, `${1000 + share - 1}`],
  ]);
  const [alone, absent] = await ask([over ?? rootId, newNode()]);
  expect([alone?.children.length, alone?.next, absent]).toEqual([share + 1, null, null]);
});
