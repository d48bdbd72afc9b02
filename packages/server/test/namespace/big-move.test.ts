import { expect, it } from "vitest";
import { createOp, mkdirOp, moveOp, newNode, newWorld, rootId } from "../support/namespace-world.ts";

/** Rows and journal entries that a rename and a move into another folder write, with so many files in it. */
async function moveWith(files: number) {
  const world = await newWorld();
  const [folder, target] = [newNode(), newNode()];
  await world.commit([mkdirOp(folder, rootId, "big"), mkdirOp(target, rootId, "target")]);
  if (files > 0) await world.commit(Array.from({ length: files }, (_, index) => createOp(newNode(), folder, `file ${index}`)));
  const rows = () => Number(world.db.raw.prepare("SELECT total_changes() AS n").get()?.["n"]);
  const before = rows();
  const { changes } = await world.commit([moveOp(folder, 1, target, "moved")]);
  return { rows: rows() - before, changes: changes.length };
}

it("C40 a move of a folder with 1,000 files writes what a move of an empty one does: one change, and a few rows", async () => {
  const empty = await moveWith(0);
  expect(empty).toMatchObject({ changes: 1 });
  expect(empty.rows).toBeLessThan(10);
  expect(await moveWith(1000)).toEqual(empty);
});
