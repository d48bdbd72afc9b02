import { availableParallelism } from "node:os";
import { queryObjects } from "node:v8";
import { describe, expect, it } from "vitest";
import { SimulatedDevice } from "./support/device.ts";
import { EdgeInMemory } from "./support/edge.ts";
import { plants } from "./support/plants.ts";
import { simulate } from "./support/simulation.ts";
import { onThreads, startThread } from "./support/threads.ts";

/** More by `npm run sim`. */
const runs = Number(process.env["SIM_RUNS"] ?? 1000);
const atOnce = 100;
/**
 * Storms that found something, each with what it was. A storm plays otherwise once the simulation can do more: what earlier ones
 * found has rules of its own by then, such as X96 and X97.
 */
const found: readonly (readonly [seed: number, devices: number, steps: number, what: string])[] = [
  [98, 3, 25, "a folder that the client made was watched under another form of its name than the disk gave it"],
  [5004, 3, 25, "a commit carried a block which its operation no longer named"],
  [20_375, 3, 21, "a file that was moved into a folder that waits was deleted for everybody"],
  [71_165, 3, 16, "a file that waits under another name was looked for in its old folder alone, and deleted"],
  [71_177, 3, 25, "a folder whose agreed name was one on the way to another was put aside again and again"],
  [300_007, 3, 1, "a disk without room for the marker ended the engine"],
  [920_033, 3, 25, "a file was moved to a name that waits in a folder which the engine moved before it looked there, and was deleted"],
  [920_176, 3, 12, "the judge did not see that a device was dead between a deletion and the copy of what was deleted"],
  [960_320, 3, 25, "the judge saw only the last of a content, which a person had replaced after its copy had come"],
];
const beginnings = Array.from({ length: Math.ceil(runs / atOnce) }, (_, index) => 1 + index * atOnce);
const planted = Object.entries(plants);
const storm = { devices: 3, steps: 25, violence: 1 };
/** So many lives a planted bug may hide. */
const budget = 150;

async function faultsOf(first: number, count: number): Promise<string[]> {
  const faults: string[] = [];
  let seed = first;
  const next = () => (seed < first + count ? { seed: seed++, storm } : undefined);
  await onThreads(availableParallelism(), next, async (task, thread) => {
    const verdict = await thread.simulate(task);
    faults.push(...verdict.faults.map((fault) => `seed ${task.seed}: ${fault}`));
  });
  return faults;
}

describe("everything in one process", () => {
  it.each(beginnings)(
    `E40 becomes equal, loses nothing and keeps storage right, whatever fails, seeds from %i (I1 to I5, I7, I8)`,
    async (first) => {
      expect(await faultsOf(first, Math.min(atOnce, runs + 1 - first))).toEqual([]);
    },
    300_000,
  );

  it.each(found)("E40 seed %i on %i devices for %i steps: %s", async (seed, devices, steps) => {
    expect((await simulate(seed, { devices, steps, violence: 1 })).faults).toEqual([]);
  });

  it("E41 the same seed makes the same run, whatever ran before in the process", async () => {
    const first = await simulate(77, storm);
    // Its killed requests held memory for deltas, which is counted for the whole process.
    await simulate(5004, storm);
    expect(await simulate(77, storm)).toEqual(first);
  });
});

it("E43 nothing of a life is kept in the process", async () => {
  for (const seed of [20_300, 20_301, 20_302, 20_303, 20_304]) await simulate(seed, storm);
  expect(queryObjects(EdgeInMemory)).toBe(0);
  expect(queryObjects(SimulatedDevice)).toBe(0);
});

it("E40 a thread that ends before the verdict names its seed", async () => {
  const thread = startThread();
  const verdict = thread.simulate({ seed: 7, storm });
  await Promise.all([expect(verdict).rejects.toThrow("seed 7: its thread ended"), thread[Symbol.asyncDispose]()]);
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
