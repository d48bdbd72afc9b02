import { rootId, type NodeId } from "@ashlar/shared/ids";
import { expect, test } from "vitest";
import { search } from "../../src/namespace/search.ts";
import { deleteOp, mkdirOp, newNode, newWorld } from "../support/namespace-world.ts";

test("WS26 pages of few names and few matches have every match once, and none but live ones", async () => {
  const world = await newWorld();
  const folder = newNode();
  await world.commit([
    mkdirOp(folder, rootId, "Reports"),
    ...["a report", "notes", "REPORT", "x"].map((name) => mkdirOp(newNode(), folder, name)),
  ]);
  const deleted = newNode();
  await world.commit([mkdirOp(deleted, folder, "old report")]);
  await world.commit([deleteOp(deleted, 1)]);
  for (const [scanMax, pageMax] of [
    [1, 100],
    [2, 1],
    [5, 1],
    [5, 3],
    [6, 100],
  ] as const) {
    const found: NodeId[] = [];
    const paths: string[] = [];
    for (let after: string | null = ""; after !== null;) {
      const page = await search(world.db, { user: world.user, text: "rEPort", after, scanMax, pageMax });
      expect(page.items.length).toBeLessThanOrEqual(pageMax);
      found.push(...page.items.map(({ node }) => node));
      paths.push(...page.items.map(({ path }) => path));
      after = page.next;
    }
    expect(new Set(found).size).toBe(found.length);
    expect(paths.toSorted()).toEqual(["Reports", "Reports/REPORT", "Reports/a report"]);
  }
});
