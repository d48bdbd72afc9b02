/** What is searched: the small worlds wholly, the larger ones by chance. */
import { scenarios } from "./scenarios.ts";
import { smallScenarios } from "./small-scenarios.ts";
import type { Bug } from "./world.ts";
import type { Failure, Task, TaskResult } from "./task.ts";

/** More than the largest small world has; a world that outgrows it fails its test. */
const explorationRunsMax = 50_000;
/** Seeds of one task: enough to make up for the past that each task plays first. */
const seedsPerTask = 250;
/** By then a planted bug has to be found. */
const bugRunsMax = 20_000;

export const explorations = (bug?: string): Task[] =>
  smallScenarios.map(({ name }) => ({ scenario: name, explore: { runsMax: explorationRunsMax }, ...(bug === undefined ? {} : { bug }) }));

/** Runs by chance, in turn over all scenarios. Each seed belongs to one scenario. */
export function randomTasks({ runs, seed, bug, only }: { runs: number; seed: number; bug?: string; only?: string }): Task[] {
  const chosen = scenarios.filter(({ name }) => only === undefined || name.includes(only));
  return Array.from({ length: Math.ceil(runs / seedsPerTask) }, (_, index) => ({
    scenario: chosen[index % chosen.length]?.name ?? "",
    random: { seed: seed + index * seedsPerTask, runs: Math.min(seedsPerTask, runs - index * seedsPerTask) },
    ...(bug === undefined ? {} : { bug }),
  }));
}

/** Where the bug shows, by every schedule or by chance. */
export function bugTasks({ name, where }: Bug): Task[] {
  const small = explorations(name).filter(({ scenario }) => scenario.includes(where));
  return [...small, ...randomTasks({ runs: bugRunsMax, seed: 1, bug: name, only: small.length > 0 ? "" : where })];
}

export const countRuns = (results: readonly TaskResult[]): number => results.reduce((total, { runs }) => total + runs, 0);

/** All that a person needs to see it again. */
export function describeFailure({ scenario, bug }: Task, { message, seed, schedule, told }: Failure): string {
  const where = seed === undefined ? "" : `, seed ${seed}`;
  const again = `npm run model -- --scenario ${JSON.stringify(scenario)}${bug === undefined ? "" : ` --bug ${JSON.stringify(bug)}`} --replay "${schedule}"`;
  return `${scenario}${where}: ${message}\n${told.join("\n")}\nAgain: ${again}`;
}
