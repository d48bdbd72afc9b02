import { describe, expect, it } from "vitest";
import { plants } from "./support/plants.ts";
import { simulate } from "./support/simulation.ts";

/** More by `npm run sim`. */
const runs = Number(process.env["SIM_RUNS"] ?? 40);
/** Seeds that found something: a commit that carried a block which its operation no longer named. */
const found = [5004];
const seeds = [...found, ...Array.from({ length: runs }, (_, index) => 1 + index)];
const planted = Object.entries(plants);
const storm = { devices: 3, steps: 25, violence: 1 };
/** So many lives a planted bug may hide. */
const budget = 150;

describe("everything in one process", () => {
  it.each(seeds)("E40 becomes equal, loses nothing and keeps storage right, whatever fails, seed %i (I1 to I5, I7, I8)", async (seed) => {
    expect((await simulate(seed, storm)).faults).toEqual([]);
  });

  it("E41 the same seed makes the same run", async () => {
    expect(await simulate(77, storm)).toEqual(await simulate(77, storm));
  });
});

describe("a planted bug is found:", () => {
  it.each(planted)(
    "E42 %s",
    async (_name, plant) => {
      let faults = 0;
      for (let seed = 1; seed <= budget && faults === 0; seed++) faults = (await simulate(seed, storm, plant)).faults.length;
      expect(faults).toBeGreaterThan(0);
    },
    300_000,
  );
});
