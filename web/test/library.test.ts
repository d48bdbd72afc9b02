import { nodeIdSchema, opIdSchema, rootId } from "@ashlar/shared/ids";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Entry } from "../src/library/entry.ts";
import { KnownNodes } from "../src/library/known-nodes.ts";
import { Overlay } from "../src/library/overlay.ts";
import { comparison, createSorter, usualSort } from "../src/library/sorting.ts";

const node = (number: number) => nodeIdSchema.parse(`n${String(number).padStart(21, "0")}`);
const opId = (number: number) => opIdSchema.parse(`o${String(number).padStart(21, "0")}`);

const entry = (number: number, more: Partial<Entry> = {}): Entry => ({
  node: node(number),
  parent: rootId,
  name: `file ${number}`,
  kind: "file",
  rev: 1,
  version: 1,
  size: 0,
  mtimeMs: 0,
  mode: 0o644,
  isDeleted: false,
  ...more,
});

/** Lives of a few nodes: each step has the next revision of its node. */
const lives = fc
  .array(fc.record({ id: fc.nat(4), parent: fc.constantFrom(rootId, node(90), node(91)), isDeleted: fc.boolean() }), { maxLength: 30 })
  .map((steps) => {
    const revs = new Map<number, number>();
    return steps.map(({ id, parent, isDeleted }) => {
      const rev = (revs.get(id) ?? 0) + 1;
      revs.set(id, rev);
      return entry(id, { rev, parent, isDeleted });
    });
  });

it("WB19 pages and changes make the same folder in whatever order they come, and however often", () => {
  fc.assert(
    fc.property(lives, fc.infiniteStream(fc.nat()), (steps, order) => {
      const inOrder = new KnownNodes();
      for (const one of steps) inOrder.learn(one);
      const mixed = new KnownNodes();
      const shuffled = [...steps, ...steps].map((one) => ({ one, key: order.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
      for (const { one } of shuffled) mixed.learn(one);
      for (const folder of [rootId, node(90), node(91)]) {
        const idsOf = (known: KnownNodes) => [...known.childrenOf(folder)].map((child) => `${child.node} ${child.rev}`).toSorted();
        expect(idsOf(mixed)).toEqual(idsOf(inOrder));
      }
    }),
  );
});

it("WB13 a wish shows until it is answered, and then what the server said", () => {
  const known = new KnownNodes();
  const overlay = new Overlay(known);
  known.learn(entry(1));
  const move = { op: "move" as const, opId: opId(1), node: node(1), baseRev: 1, parent: rootId, name: "renamed" };
  const names = () => [...overlay.childrenOf(rootId)].map(({ name }) => name);
  overlay.wish(move);
  expect(names()).toEqual(["renamed"]);
  overlay.forget(move);
  expect(names()).toEqual(["file 1"]);
  const removal = { op: "delete" as const, opId: opId(2), node: node(1), baseRev: 1 };
  overlay.wish(removal);
  expect(names()).toEqual([]);
  overlay.forget(removal);
  expect(names()).toEqual(["file 1"]);
});

it("WB10 a folder that changes is in the same order as one that is sorted anew", () => {
  const names = fc.constantFrom("a", "B", "ä", "file 2", "file 10", "Z");
  const rows = fc.uniqueArray(fc.record({ id: fc.nat(30), name: names, isFolder: fc.boolean(), size: fc.nat(3) }), {
    selector: ({ id }) => id,
  });
  fc.assert(
    fc.property(
      fc.array(rows, { maxLength: 5 }),
      fc.constantFrom("name", "size", "modified", "kind"),
      fc.boolean(),
      (listings, key, descending) => {
        const sort = { key, descending } as const;
        const inOrder = createSorter(sort);
        for (const listing of listings) {
          const entries = listing.map(({ id, name, isFolder, size }) => entry(id, { name, size, kind: isFolder ? "folder" : "file" }));
          expect(inOrder(entries)).toEqual(entries.toSorted(comparison(sort)));
        }
      },
    ),
  );
  const digits = [entry(1, { name: "file 10" }), entry(2, { name: "file 9" })];
  expect(createSorter(usualSort)(digits).map(({ name }) => name)).toEqual(["file 9", "file 10"]);
});
