/**
 * `npm run model -- [--runs N] [--seed S] [--scenario NAME] [--bug NAME] [--replay SCHEDULE]`: searches the life of a block for
 * a schedule that breaks an invariant, longer than the tests do.
 */
import { parseArgs } from "node:util";
import { Store } from "./database.ts";
import { performAll } from "./pool.ts";
import { countRuns, describeFailure, explorations, randomTasks } from "./search.ts";
import { replay, type Task } from "./task.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    scenario: { type: "string" },
    bug: { type: "string" },
    replay: { type: "string" },
  },
});

const named = values.bug === undefined ? {} : { bug: values.bug };
process.exitCode = values.replay === undefined ? await search() : await playBack(values.replay);

async function search(): Promise<number> {
  const only = values.scenario === undefined ? {} : { only: values.scenario };
  const small = values.scenario === undefined ? explorations(values.bug) : [];
  const startedMs = performance.now();
  const tasks = [...small, ...randomTasks({ runs: Number(values.runs), seed: Number(values.seed), ...named, ...only })];
  const results = await performAll(tasks, ({ failure }) => failure !== undefined);
  const seconds = (performance.now() - startedMs) / 1000;
  for (const { task, runs, isComplete } of results)
    if (task.explore) console.log(`${task.scenario}: ${runs} schedules${isComplete ? ", all" : ""}`);
  const runs = countRuns(results);
  console.log(`${runs} schedules in ${seconds.toFixed(0)} s, ${Math.round(runs / seconds)} a second`);
  const failed = results.find(({ failure }) => failure !== undefined);
  if (failed?.failure === undefined) return 0;
  console.error(describeFailure(failed.task, failed.failure));
  return 1;
}

async function playBack(schedule: string): Promise<number> {
  const task: Task = { scenario: values.scenario ?? "", ...named };
  const { violation, trace } = await replay(new Store(), task, schedule);
  console.log(trace.join("\n"));
  console.log(violation === undefined ? "nothing is wrong" : violation.message);
  return violation === undefined ? 0 : 1;
}
