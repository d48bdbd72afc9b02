/** A piece of the search that one thread does: plain data, there and back. */
import { randomChooser, replayChooser, type Schedule } from "./chooser.ts";
import { bugs } from "./bugs.ts";
import type { Store } from "./database.ts";
import { explore, restEvery } from "./explore.ts";
import type { Budget } from "./options.ts";
import { noTrouble, type Outcome, shrink, someTrouble, Theatre } from "./run.ts";
import { scenarios } from "./scenarios.ts";
import { smallScenarios } from "./small-scenarios.ts";

export type Task = {
  readonly scenario: string;
  readonly bug?: string;
  /** Every schedule, and how many at most. */
  readonly explore?: { readonly runsMax: number };
  /** By chance, from this seed on. */
  readonly random?: { readonly seed: number; readonly runs: number };
};

export type Failure = {
  readonly message: string;
  /** Of a run by chance. */
  readonly seed: number | undefined;
  /** The choices that were not the dull one, after shrinking: `step:choice`, to be played back. */
  readonly schedule: string;
  readonly told: readonly string[];
};

export type TaskResult = {
  readonly task: Task;
  readonly runs: number;
  readonly steps: number;
  readonly isComplete: boolean;
  readonly failure: Failure | undefined;
};

/** By chance, crashes that leave something behind are many, and to undo it costs as much as the run. */
const settleEvery = 4;

export async function perform(store: Store, task: Task): Promise<TaskResult> {
  const theatre = await openTheatre(store, task);
  try {
    return task.random === undefined ? await performExploration(theatre, task) : await performRandom(theatre, task, task.random);
  } finally {
    theatre.close();
  }
}

/** Plays a schedule that was printed. */
export async function replay(store: Store, task: Task, schedule: string): Promise<Outcome> {
  const theatre = await openTheatre(store, task);
  try {
    return await theatre.run(replayChooser(parseSchedule(schedule)), { tell: true });
  } finally {
    theatre.close();
  }
}

async function openTheatre(store: Store, { scenario: name, bug: bugName }: Task): Promise<Theatre> {
  const small = smallScenarios.find((scenario) => scenario.name === name);
  const scenario = small ?? scenarios.find((other) => other.name === name);
  const bug = bugs.find((other) => other.name === bugName);
  if (scenario === undefined) throw new RangeError(`there is no scenario ${name}`);
  if (bugName !== undefined && bug === undefined) throw new RangeError(`there is no bug ${bugName}`);
  const budget: Budget = small === undefined ? someTrouble : { ...noTrouble, ...small.budget };
  const theatre = new Theatre(store, scenario, bug, budget);
  await theatre.open();
  return theatre;
}

async function performExploration(theatre: Theatre, task: Task): Promise<TaskResult> {
  const { runs, isComplete, failure } = await explore(theatre, task.explore?.runsMax ?? 0);
  return { task, runs, steps: 0, isComplete, failure: failure && (await tell(theatre, failure, undefined)) };
}

async function performRandom(theatre: Theatre, task: Task, { seed: first, runs }: { seed: number; runs: number }): Promise<TaskResult> {
  let steps = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const outcome = await theatre.run(randomChooser(seed), { settle: seed % settleEvery === 0, rest: seed % restEvery === 0 });
    steps += outcome.steps;
    if (outcome.violation === undefined) continue;
    return { task, runs: seed - first + 1, steps, isComplete: false, failure: await tell(theatre, outcome, seed) };
  }
  return { task, runs, steps, isComplete: true, failure: undefined };
}

async function tell(theatre: Theatre, { violation, schedule }: Outcome, seed: number | undefined): Promise<Failure> {
  const smallest = violation === undefined ? schedule : await shrink(theatre, schedule, violation);
  const told = await theatre.run(replayChooser(smallest), { tell: true });
  return { message: told.violation?.message ?? violation?.message ?? "", seed, schedule: formatSchedule(smallest), told: told.trace };
}

const formatSchedule = (schedule: Schedule): string => [...schedule].map(([step, choice]) => `${step}:${choice}`).join(",");

function parseSchedule(text: string): Schedule {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return new Map(pairs.map((pair) => pair.split(":").map(Number) as [number, number]));
}
