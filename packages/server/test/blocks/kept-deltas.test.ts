import {
  blockBytesMax,
  changeDeltasMax,
  changesPageMax,
  deltaMs,
  deltaSavedBytesMin,
  deltaShareMax,
  packBlockBytesMax,
} from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { deltaKey, deltaName, isWorthKeeping, type KeptDelta, pruneDeltas, saveDeltas } from "../../src/blocks/kept-deltas.ts";
import { commit } from "../../src/namespace/commit.ts";
import { readChanges } from "../../src/namespace/journal.ts";
import { newBlock, newUser } from "../support/blocks.ts";
import { block, createOp, epoch, newNode, newWorld, rootId, updateOp } from "../support/namespace-world.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

const deltaOf = (target: string, ...bases: string[]): KeptDelta => ({
  target: block(target).hash,
  bases: bases.map((base) => block(base).hash),
  size: 99,
});

test("Y8 a delta is worth an object of its own that saves 16 KiB and a sixty-fourth of a block above 64 KiB, and not a byte less", () => {
  const { hash } = newBlock(1);
  expect(isWorthKeeping({ hash, size: 100_000 }, 100_000 - deltaSavedBytesMin)).toBe(true);
  expect(isWorthKeeping({ hash, size: 100_000 }, 100_001 - deltaSavedBytesMin)).toBe(false);
  expect(isWorthKeeping({ hash, size: blockBytesMax }, deltaShareMax * blockBytesMax)).toBe(true);
  expect(isWorthKeeping({ hash, size: blockBytesMax }, deltaShareMax * blockBytesMax + 1)).toBe(false);
  expect(isWorthKeeping({ hash, size: packBlockBytesMax + 1 }, 1)).toBe(true);
  expect(isWorthKeeping({ hash, size: packBlockBytesMax }, 1)).toBe(false);
});

test("Y11 deltas of any user are dropped when their time is over, as many as asked, and their keys are told", async () => {
  const db = sqliteD1("meta");
  const users = [newUser(), newUser()];
  const [old, fresh] = [deltaOf("a", "b", "c"), deltaOf("d", "e")];
  for (const user of users) {
    await saveDeltas(db, user, [old], 1000);
    await saveDeltas(db, user, [fresh], 1001);
  }
  const now = 1000 + deltaMs;
  expect(await pruneDeltas(db, { now: now - 1, rowsMax: 10 })).toEqual([]);
  const first = await pruneDeltas(db, { now, rowsMax: 1 });
  const second = await pruneDeltas(db, { now, rowsMax: 10 });
  expect([first.length, second.length]).toEqual([1, 1]);
  expect(new Set([...first, ...second])).toEqual(new Set(users.map((user) => deltaKey(user, deltaName(old)))));
  expect(db.raw.prepare("SELECT count(*) AS n FROM deltas").get()).toEqual({ n: 2 });
});

test("Y11 a delta that is kept again lives on", async () => {
  const db = sqliteD1("meta");
  const user = newUser();
  await saveDeltas(db, user, [deltaOf("a", "b")], 1000);
  await saveDeltas(db, user, [{ ...deltaOf("a", "b"), size: 5 }], 2000);
  expect(await pruneDeltas(db, { now: 1000 + deltaMs, rowsMax: 10 })).toEqual([]);
  expect(db.raw.prepare("SELECT size, created_at AS at FROM deltas").all()).toEqual([{ size: 5, at: 2000 }]);
});

test("Y10 a change and its journal row tell the same deltas, each once, of new blocks alone, and 100 at most", async () => {
  const world = await newWorld();
  const [old, ...others] = Array.from({ length: changeDeltasMax + 2 }, (_, at) => block(`block ${at}`, 100_000));
  if (old === undefined) throw new Error("no block");
  world.blocks.upload(old, ...others);
  const node = newNode();
  const deltas = [old, ...others].map(({ hash }) => ({ target: hash, bases: [block("base").hash], size: 7 }));
  await saveDeltas(world.db, world.user, deltas, world.time);
  await saveDeltas(world.db, newUser(), [{ ...deltaOf("x", "y"), target: old.hash }], world.time);
  await world.commit([createOp(node, rootId, "file", [old])]);
  const call = { ...world.call([updateOp(node, 1, [old, ...others])]), deltas: deltas.slice(1, 3) };
  const { answer } = await commit(world.deps, call);
  if (!answer.ok) throw new Error(answer.detail);
  const told = answer.response.changes[0]?.deltas ?? [];
  expect(told).toHaveLength(changeDeltasMax);
  expect(new Set(told.map(({ target }) => target)).size).toBe(changeDeltasMax);
  expect(told.some(({ target }) => target === old.hash)).toBe(false);
  const page = await readChanges(world.db, { user: world.user, since: 1, epoch, limit: changesPageMax, now: world.time });
  expect(page).toMatchObject({ kind: "page", changes: [{ deltas: told }] });
  const again = await commit(world.deps, call);
  expect(again.answer).toEqual(answer);
});

test("Y10 a commit that conflicts tells no deltas, and lands wholly or not at all with them", async () => {
  const world = await newWorld();
  const target = block("target", 100_000);
  world.blocks.upload(target);
  const node = newNode();
  const call = { ...world.call([updateOp(node, 1, [target])]), deltas: [{ target: target.hash, bases: [block("b").hash], size: 7 }] };
  const { answer } = await commit(world.deps, call);
  expect(answer).toMatchObject({ ok: true, response: { changes: [] } });
  expect(world.db.raw.prepare("SELECT count(*) AS n FROM deltas").get()).toEqual({ n: 0 });
});

test("Y10 of many files of a commit with the same new block, one tells its deltas", async () => {
  const world = await newWorld();
  const target = block("target", 100_000);
  world.blocks.upload(target);
  const deltas = Array.from({ length: changeDeltasMax }, (_, at) => deltaOf("target", `base ${at}`)).map((delta) => ({
    ...delta,
    target: target.hash,
  }));
  await saveDeltas(world.db, world.user, deltas, world.time);
  const { answer } = await commit(world.deps, world.call(["a", "b", "c"].map((name) => createOp(newNode(), rootId, name, [target]))));
  if (!answer.ok) throw new Error(answer.detail);
  expect(answer.response.changes.map((change) => change.deltas.length)).toEqual([changeDeltasMax, 0, 0]);
});
