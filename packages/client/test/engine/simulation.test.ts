import { describe, expect, it } from "vitest";
import { Simulation, type SimulationOptions } from "../support/simulation.ts";

/** More by `SIM_RUNS`, others by `SIM_SEED`; a failure names its seed and replays exactly. */
const runs = Number(process.env["SIM_RUNS"] ?? 12);
const firstSeed = Number(process.env["SIM_SEED"] ?? 1);
const seeds = Array.from({ length: runs }, (_, index) => firstSeed + index);

async function simulate(options: SimulationOptions): Promise<Simulation> {
  const simulation = new Simulation(options);
  try {
    await simulation.run();
  } catch (error) {
    throw new Error(`seed ${options.seed}`, { cause: error });
  }
  return simulation;
}

describe("several devices", () => {
  it.each(seeds)("X2 become equal and lose nothing while persons edit and lines are quiet, seed %i (I5, I7)", async (seed) => {
    const simulation = await simulate({ seed, devices: 2, steps: 25, lost: 0, crash: 0 });
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.lost()).toEqual([]);
  });

  it.each(seeds)("X3 become equal and lose nothing whatever is lost or crashes, seed %i (I4, I5, I7)", async (seed) => {
    const simulation = await simulate({ seed: seed + 100_000, devices: 3, steps: 25, lost: 0.05, crash: 0.01 });
    expect(simulation.difference()).toBeUndefined();
    expect(simulation.lost()).toEqual([]);
  });
});

describe("the simulation", () => {
  it("X4 a seed replays exactly", async () => {
    const options = { seed: 42, devices: 3, steps: 20, lost: 0.05, crash: 0.01 };
    const [first, second] = [await simulate(options), await simulate(options)];
    expect(second.log).toEqual(first.log);
    expect(second.devices.map(({ events }) => events)).toEqual(first.devices.map(({ events }) => events));
    expect(second.edge.namespace.journal).toEqual(first.edge.namespace.journal);
  });
});
