import type { NodeId } from "@ashlar/shared/ids";
import type { CommitResponse, Op, OpResult } from "@ashlar/shared/protocol/commit";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readChanges } from "../../src/namespace/journal.ts";
import { readTree } from "../../src/namespace/tree.ts";
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
  restoreOp,
  rootId,
  updateOp,
  type World,
} from "../support/namespace-world.ts";
import { TreeModel, type ModelResult } from "../support/tree-model.ts";

/** Few nodes and few names, so that operations meet. */
const nodes = [rootId, ...Array.from({ length: 7 }, (_, index) => newNode(`n${index}`))];
const names = ["a", "b", "c"];
const contents = [[], [block("1", 5)], [block("2", 7), block("1", 5), block("2", 7)]];
const packs = [packOf(block("1", 5), block("2", 7))];

const step = fc.record({
  op: fc.constantFrom("create", "mkdir", "mkdir", "update", "move", "move", "delete", "restore"),
  node: fc.constantFrom(...nodes),
  parent: fc.constantFrom(...nodes),
  name: fc.constantFrom(...names),
  content: fc.constantFrom(...contents),
  revOff: fc.constantFrom(0, 0, 0, 0, 0, -1, 1),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function opOf(model: TreeModel, { op, node, parent, name, content, revOff }: Step): Op {
  const baseRev = Math.max(1, model.rev(node) + revOff);
  if (op === "create") return createOp(node, parent, name, content);
  if (op === "mkdir") return mkdirOp(node, parent, name);
  if (op === "update") return updateOp(node, baseRev, content);
  if (op === "restore") return restoreOp(node, baseRev, parent, name);
  return op === "move" ? moveOp(node, baseRev, parent, name) : deleteOp(node, baseRev);
}

const seen = (result: OpResult): ModelResult =>
  result.status === "applied" ? { seq: result.seq, rev: result.rev, version: result.version } : { reason: result.reason };

async function pathsOf(world: World, node: NodeId = rootId, path = ""): Promise<[string, unknown][]> {
  const { folder, children } = await readTree(world.db, { user: world.user, node, after: "" });
  const here: [string, unknown] = [path, { node: folder.node, rev: folder.rev, version: folder.version, size: folder.size }];
  const below: [string, unknown][] = [];
  for (const child of children) {
    const childPath = `${path}/${child.name}`;
    if (child.kind === "folder") below.push(...(await pathsOf(world, child.node, childPath)));
    else below.push([childPath, { node: child.node, rev: child.rev, version: child.version, size: child.size }]);
  }
  return [here, ...below];
}

it("C28 agrees with a naive model on every result, tree, digest, reference and seq, whatever is committed (I3, I8)", async () => {
  const commits = fc.array(fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 8 }), resend: fc.boolean() }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(commits, async (all) => {
      const world = await newWorld();
      const model = new TreeModel();
      for (const { steps, resend } of all) {
        model.begin();
        const expected: ModelResult[] = [];
        const ops = steps.map((one) => {
          const op = opOf(model, one);
          expected.push(model.apply(op));
          return op;
        });
        const response = await world.commit(ops, packs);
        expect(response.results.map(seen)).toEqual(expected);
        expect(response.head).toBe(model.seq);
        if (resend) await expectSameAgain(world, ops, response);
        expectInvariants(world);
        expect(new Map(await pathsOf(world))).toEqual(model.paths());
      }
      await expectJournalToRebuild(world, model);
    }),
    { numRuns: 150 },
  );
});

/** What was applied is answered alike and changes nothing. What conflicted may fit by now, so only the applied are sent. */
async function expectSameAgain(world: World, ops: readonly Op[], response: CommitResponse): Promise<void> {
  const applied = ops.filter((_, index) => response.results[index]?.status === "applied");
  if (applied.length === 0) return;
  const before = dump(world);
  const again = await world.commit(applied, packs);
  expect(again.results).toEqual(response.results.filter(({ status }) => status === "applied"));
  expect(again.changes).toEqual(response.changes);
  expect(dump(world)).toEqual(before);
}

/** A device that applies the journal in order has exactly the namespace (I3). */
async function expectJournalToRebuild(world: World, model: TreeModel): Promise<void> {
  const device = new Map<NodeId, { parent: NodeId; name: string; rev: number }>();
  for (let cursor = 0; cursor < model.seq;) {
    const page = await readChanges(world.db, { user: world.user, since: cursor, epoch, limit: 7, now: world.time });
    if (page.kind !== "page") throw new Error(page.kind);
    for (const { node, parent, name, rev, type } of page.changes) {
      if (type === "delete") device.delete(node);
      else device.set(node, { parent, name, rev });
    }
    cursor = page.changes.at(-1)?.seq ?? model.seq;
  }
  const live = [...model.nodes].filter(([node, { deleted }]) => node !== rootId && !deleted);
  expect(device).toEqual(new Map(live.map(([node, { parent, name, rev }]) => [node, { parent, name, rev }])));
}

it("C29 gives the same nodes at the same revisions the same digest, in whatever order and by whatever detours they came about (I8)", async () => {
  const files = fc.uniqueArray(fc.record({ folder: fc.constantFrom("x", "y"), name: fc.constantFrom("a", "b", "c", "d") }), {
    selector: ({ folder, name }) => `${folder}/${name}`,
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(
      files.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.integer({ min: 1, max: 4 })),
      ),
      async ([straight, shuffled, size]) => {
        const digests = [];
        const folders = { x: newNode("x"), y: newNode("y") };
        const ids = new Map(straight.map((file) => [file, newNode()]));
        for (const list of [straight, shuffled]) {
          const world = await newWorld();
          const detour = newNode();
          if (list === shuffled) await world.commit([createOp(detour, rootId, "z"), deleteOp(detour, 1)]);
          await world.commit([mkdirOp(folders.x, rootId, "x"), mkdirOp(folders.y, rootId, "detour"), moveOp(folders.y, 1, rootId, "y")]);
          for (let at = 0; at < list.length; at += size) {
            await world.commit(
              list.slice(at, at + size).map((file) => createOp(ids.get(file) ?? newNode(), folders[file.folder as "x"], file.name)),
            );
          }
          digests.push((await readTree(world.db, { user: world.user, node: rootId, after: "" })).folder.digest);
        }
        expect(digests[0]).toBe(digests[1]);
      },
    ),
    { numRuns: 40 },
  );
});
