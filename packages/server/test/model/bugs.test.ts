import { describe, expect, test } from "vitest";
import { bugs } from "./bugs.ts";
import { performAll } from "./pool.ts";
import { bugTasks, countRuns } from "./search.ts";

describe("the model finds", () => {
  test.each(bugs.map(({ name }) => [name]))("L6 a planted bug: %s", { timeout: 300_000 }, async (name) => {
    const bug = bugs.find((other) => other.name === name);
    const results = await performAll(bug === undefined ? [] : bugTasks(bug), ({ failure }) => failure !== undefined);
    const found = results.find(({ failure }) => failure !== undefined);
    console.log(`${name}: ${countRuns(results)} schedules, ${found?.failure?.message}`);
    expect(found?.failure?.message).toMatch(bug?.breaks ?? /never/);
  });
});
