import { nodeIdSchema } from "@ashlar/shared/ids";
import fc from "fast-check";
import { expect, it } from "vitest";
import { all, extend, nothing, only, type Selection, step, toggle, within } from "../src/files/selection.ts";

const node = (number: number) => nodeIdSchema.parse(`n${String(number).padStart(21, "0")}`);
const list = [0, 1, 2, 3, 4].map((number) => ({ node: node(number) }));
const numbers = (selection: Selection) => list.flatMap((entry, index) => (selection.selected.has(entry.node) ? [index] : []));

it("WB16 a range goes from where it began, in either direction", () => {
  const began = only(node(2));
  expect(numbers(extend(began, list, node(4)))).toEqual([2, 3, 4]);
  expect(numbers(extend(extend(began, list, node(4)), list, node(0)))).toEqual([0, 1, 2]);
  expect(numbers(step(step(began, list, 1, true), list, -1, true))).toEqual([2]);
  expect(numbers(toggle(toggle(began, node(4)), node(2)))).toEqual([4]);
  expect(numbers(all(began, list))).toEqual([0, 1, 2, 3, 4]);
});

it("WB16 the cursor never leaves the list", () => {
  const move = fc.record({ by: fc.integer({ min: -9, max: 9 }), isRange: fc.boolean() });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 12 }), (moves) => {
      let selection = nothing;
      for (const { by, isRange } of moves) selection = step(selection, list, by, isRange);
      for (const chosen of selection.selected) expect(list.some((entry) => entry.node === chosen)).toBe(true);
      expect(selection.cursor === undefined || selection.selected.has(selection.cursor)).toBe(true);
    }),
  );
  expect(step(nothing, [], 1, false)).toEqual(nothing);
});

it("WB16 what is gone from a list is not selected, and the cursor goes to what took its place", () => {
  const after = list.filter((_, index) => index !== 2);
  const left = within({ selected: new Set([node(2), node(3)]), cursor: node(2), anchor: node(2) }, list, after);
  expect(numbers(left)).toEqual([3]);
  expect(left.cursor).toBe(node(3));
  const same = only(node(1));
  expect(within(same, list, after)).toBe(same);
});
