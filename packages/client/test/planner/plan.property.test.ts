/** In the way of Dropbox's CanopyCheck (FIELD b2): one tree perturbed into three, planned and applied until nothing is left to do. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ThreeTrees } from "../support/three-trees.ts";

/** More by `PLAN_RUNS`. */
const runs = Number(process.env["PLAN_RUNS"] ?? 200);
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Without the content, which is not read yet on every side. */
const strip = (lines: string[]) => lines.map((line) => line.split(" ").slice(0, 4).join(" "));

describe("plan", () => {
  it(
    "P1 P27 any three trees become equal within a bound, and no step is refused, in whatever order they are taken (I7)",
    () => {
      fc.assert(
        fc.property(seeds, (seed) => {
          const world = new ThreeTrees(seed, { local: true, remote: true });
          world.settle();
          expect(world.describe("local")).toEqual(world.describe("remote"));
          expect(world.describe("synced")).toEqual(world.describe("remote"));
          expect(world.trees.dirty.count()).toBe(0);
        }),
        // Both sides put folders into each other.
        { numRuns: runs, examples: [[270_868_787]] },
      );
    },
    30_000 + 100 * runs,
  );

  it(
    "P2 every content that is new on either side is there in the end (I5)",
    () => {
      fc.assert(
        fc.property(seeds, (seed) => {
          const world = new ThreeTrees(seed, { local: true, remote: true });
          const agreed = new Set(world.manifests("synced"));
          const news = [...world.saved].filter((manifest) => !agreed.has(manifest));
          world.settle();
          const now = new Set(world.manifests("remote"));
          expect(news.filter((manifest) => !now.has(manifest))).toEqual([]);
        }),
        // A changed file gets another id before it is read; a conflicted copy stays in a folder that the server has deleted.
        { numRuns: runs, examples: [[1_510_828_298], [374_618_012], [523_655_879]] },
      );
    },
    30_000 + 100 * runs,
  );

  it(
    "P3 where only one side differs, the result is that side",
    () => {
      fc.assert(
        fc.property(seeds, fc.boolean(), (seed, isLocal) => {
          const world = new ThreeTrees(seed, { local: isLocal, remote: !isLocal });
          const tree = isLocal ? "local" : "remote";
          const before = strip(world.describe(tree));
          world.settle();
          expect(strip(world.describe(tree))).toEqual(before);
          expect(world.describe("local")).toEqual(world.describe("remote"));
        }),
        // A folder that leaves through another one that leaves as well.
        { numRuns: runs, examples: [[829_049_656, true]] },
      );
    },
    30_000 + 100 * runs,
  );
});
