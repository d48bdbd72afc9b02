import { afterAll, describe, expect, test } from "vitest";
import { Store } from "./database.ts";
import { performAll } from "./pool.ts";
import { countRuns, describeFailure, explorations, randomTasks } from "./search.ts";
import { perform, replay, type Task, type TaskResult } from "./task.ts";

/** Schedules by chance; with the exhaustive ones they are more than 100,000. */
const randomRuns = Number(process.env["MODEL_RUNS"] ?? 52_000);
const seed = Number(process.env["MODEL_SEED"] ?? 1);
const timeoutMs = 1_200_000;

const failuresOf = (results: readonly TaskResult[]): string[] =>
  results.flatMap(({ task, failure }) => (failure === undefined ? [] : [describeFailure(task, failure)]));

describe("the life of a block", () => {
  const counts: string[] = [];
  afterAll(() => console.log(counts.join("\n")));

  test("L3 every schedule of the small worlds keeps the invariants, and leaks nothing", { timeout: timeoutMs }, async () => {
    const results = await performAll(explorations());
    expect(failuresOf(results)).toEqual([]);
    expect(results.filter(({ isComplete }) => !isComplete).map(({ task }) => task.scenario)).toEqual([]);
    counts.push(`${countRuns(results)} schedules of small worlds, all there are`);
  });

  test("L4 schedules drawn by chance keep the invariants, and leak nothing", { timeout: timeoutMs }, async () => {
    const results = await performAll(randomTasks({ runs: randomRuns, seed }));
    expect(failuresOf(results)).toEqual([]);
    counts.push(`${countRuns(results)} schedules by chance from seed ${seed}`);
  });

  test("L5 a failing schedule is the same when it is played back", async () => {
    const store = new Store();
    const task: Task = {
      scenario: "two uploaders of one block",
      bug: "a commit does not wait for its holds",
      random: { seed: 1, runs: 100 },
    };
    const { failure } = await perform(store, task);
    const { violation, trace } = await replay(store, task, failure?.schedule ?? "");
    expect(failure?.told.length).toBeGreaterThan(0);
    expect({ message: violation?.message, told: trace }).toEqual({ message: failure?.message, told: failure?.told });
  });
});
