import { describe, expect, test } from "vitest";
import { bugs } from "./bugs.ts";
import { performAll } from "./pool.ts";
import { bugTasks, countRuns } from "./search.ts";

describe("the model finds", () => {
  for (const bug of bugs) {
    test(`L6 a planted bug: ${bug.name}`, { timeout: 300_000 }, async () => {
      const results = await performAll(bugTasks(bug), ({ failure }) => failure !== undefined);
      const found = results.find(({ failure }) => failure !== undefined);
      console.log(`${bug.name}: ${countRuns(results)} schedules, ${found?.failure?.message}`);
      expect(found?.failure?.message).toMatch(bug.breaks);
    });
  }
});
