import type { NodeId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import * as fc from "fast-check";
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
import { carryOut, contentsOf, planTo, treeOf } from "../support/past-trees.ts";
import { TreeModel } from "../support/tree-model.ts";

/** Few names, so that places change hands. */
const contents = [[], [block("1", 5)], [block("2", 7)], [block("3", 6), block("1", 5)]];
const packs = [packOf(block("1", 5), block("2", 7), block("3", 6))];

/** What is picked are places in the list of those that it can be, by then. */
const step = fc.record({
  op: fc.constantFrom("create", "mkdir", "mkdir", "update", "move", "move", "swap", "swap", "delete", "delete", "restore"),
  pick: fc.nat({ max: 1000 }),
  other: fc.nat({ max: 1000 }),
  name: fc.constantFrom("a", "b", "c"),
  content: fc.constantFrom(...contents),
  mode: fc.constantFrom(0o600, 0o644, 0o755),
});
type Choice = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
const history = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 12 });

const withMode = (op: Op, mode: number): Op => (op.op === "delete" || op.op === "restore" ? op : { ...op, mode });

const one = <Item>(items: readonly Item[], at: number): Item | undefined => items[at % Math.max(1, items.length)];

/** Applied to the model one by one, as each is made for what the one before it leaves. */
function* opsOf(model: TreeModel, { op, pick, other, name, content, mode }: Choice): Generator<Op> {
  const all = [...model.nodes].filter(([id]) => id !== rootId);
  const live = all.filter(([, { deleted }]) => !deleted);
  const parent = one([rootId, ...live.filter(([, { folder }]) => folder).map(([id]) => id)], other) ?? rootId;
  const [id, node] = one(live, pick) ?? [];
  const to = (at: NodeId, place: { parent: NodeId; name: string }) => moveOp(at, model.rev(at), place.parent, place.name);
  if (op === "create") yield withMode(createOp(newNode("file"), parent, name, content), mode);
  if (op === "mkdir") yield withMode(mkdirOp(newNode("folder"), parent, name), mode);
  if (op === "restore") {
    const dead = one(
      all.filter(([, { deleted }]) => deleted),
      pick,
    )?.[0];
    if (dead !== undefined) yield restoreOp(dead, model.rev(dead), parent, name);
  }
  if (id === undefined || node === undefined) return;
  if (op === "update") yield withMode(updateOp(id, model.rev(id), content), mode);
  if (op === "delete") yield deleteOp(id, model.rev(id));
  if (op === "move") yield node.folder ? withMode(to(id, { parent, name }), mode) : to(id, { parent, name });
  const [second, place] = one(live, other) ?? [];
  if (op === "swap" && second !== undefined && place !== undefined && second !== id) {
    yield to(id, { parent: node.parent, name: "aside" });
    yield to(second, node);
    yield to(id, place);
  }
}

/** Commits, and the tree as it was after each, with the time. */
async function historyOf(world: World, commits: readonly (readonly Choice[])[]) {
  const model = new TreeModel();
  const moments = [{ time: world.time, tree: treeOf(world) }];
  for (const choices of commits) {
    world.time += 1000;
    model.begin();
    const ops: Op[] = [];
    for (const choice of choices) {
      for (const op of opsOf(model, choice)) {
        model.apply(op);
        ops.push(op);
      }
    }
    if (ops.length > 0) await world.commit(ops, packs);
    moments.push({ time: world.time, tree: treeOf(world) });
  }
  world.time += 1000;
  return moments;
}

it("V11 rewinds any history to any of its moments, and rewinds that again (I5)", async () => {
  const choices = fc.record({ pick: fc.nat(), opsMax: fc.integer({ min: 1, max: 5 }), limit: fc.integer({ min: 1, max: 9 }) });
  await fc.assert(
    fc.asyncProperty(history, choices, async (commits, { pick, opsMax, limit }) => {
      const world = await newWorld();
      const moments = await historyOf(world, commits);
      const last = moments.at(-1);
      const moment = moments[pick % moments.length];
      if (moment === undefined || last === undefined) throw new Error("a history has moments");
      const before = contentsOf(world);

      const { steps, lost } = await planTo(world, moment.time, rootId, limit);
      expect(lost).toEqual([]);
      expect(await carryOut(world, steps, opsMax)).toEqual([]);
      expect(treeOf(world)).toEqual(moment.tree);
      expect((await planTo(world, moment.time)).steps).toEqual([]);
      expectInvariants(world);

      world.time += 1000;
      const back = await planTo(world, last.time);
      expect(await carryOut(world, back.steps, opsMax)).toEqual([]);
      expect(treeOf(world)).toEqual(last.tree);
      expect(contentsOf(world)).toEqual(before);
    }),
    { numRuns: 150 },
  );
});

it("V12 a rewind that was cut short anywhere goes on from there", async () => {
  const choices = fc.record({ pick: fc.nat(), cut: fc.nat({ max: 12 }), opsMax: fc.integer({ min: 1, max: 3 }) });
  await fc.assert(
    fc.asyncProperty(history, choices, async (commits, { pick, cut, opsMax }) => {
      const world = await newWorld();
      const moments = await historyOf(world, commits);
      const moment = moments[pick % moments.length];
      if (moment === undefined) throw new Error("a history has moments");
      const first = await planTo(world, moment.time);
      expect(await carryOut(world, first.steps, opsMax, cut)).toEqual([]);
      expectInvariants(world);
      world.time += 1000;
      const rest = await planTo(world, moment.time);
      expect(await carryOut(world, rest.steps, 1000)).toEqual([]);
      expect(treeOf(world)).toEqual(moment.tree);
    }),
    { numRuns: 120 },
  );
});

it("V13 a rewind of one folder makes it what it was, without a conflict, and nothing beside it is lost", async () => {
  const choices = fc.record({ pick: fc.nat(), folder: fc.nat() });
  await fc.assert(
    fc.asyncProperty(history, choices, async (commits, { pick, folder }) => {
      const world = await newWorld();
      const moments = await historyOf(world, commits);
      const moment = moments[pick % moments.length];
      if (moment === undefined) throw new Error("a history has moments");
      const before = contentsOf(world);
      const scopes = foldersOf(moment.tree);
      const scope = scopes[folder % Math.max(1, scopes.length)] ?? rootId;
      const { steps } = await planTo(world, moment.time, scope);
      expect(await carryOut(world, steps, 1000)).toEqual([]);
      expectInvariants(world);
      expect(namesBelow(treeOf(world), scope)).toEqual(namesBelow(moment.tree, scope));
      expect(contentsOf(world)).toEqual(before);
      expect((await planTo(world, moment.time, scope)).steps).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

it("V13 a folder that was put into a folder of its own comes out of it", async () => {
  const world = await newWorld();
  const [outer, inner] = [newNode("outer"), newNode("inner")];
  await world.commit([mkdirOp(outer, rootId, "a"), mkdirOp(inner, outer, "b")]);
  const [to, before] = [world.time, treeOf(world)];
  world.time += 1000;
  await world.commit([moveOp(inner, 1, rootId, "b"), moveOp(outer, 1, inner, "a")]);
  expect(await carryOut(world, (await planTo(world, to, outer)).steps, 1000)).toEqual([]);
  expect(treeOf(world)).toEqual(before);
});

/** What is in the folder, by path from it. */
function namesBelow(tree: ReadonlyMap<string, unknown>, folder: NodeId): [string, unknown][] {
  const top = [...tree].find(([, node]) => isNode(node) && node.node === folder)?.[0];
  if (top === undefined) return [];
  return [...tree].filter(([path]) => path.startsWith(`${top}/`)).map(([path, node]) => [path.slice(top.length), node]);
}

function foldersOf(tree: ReadonlyMap<string, unknown>): NodeId[] {
  return [...tree].flatMap(([path, node]) => (path !== "" && isNode(node) && node.kind === "folder" ? [node.node] : []));
}

function isNode(value: unknown): value is { node: NodeId; kind: string } {
  return typeof value === "object" && value !== null && "node" in value;
}
