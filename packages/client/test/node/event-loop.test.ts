import { afterEach, expect, it, vi } from "vitest";
import { letOthersTurn } from "../../src/node/event-loop.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("D28 work that waits for nothing lets sockets and timers have their turn every five milliseconds, and else goes on at once", async () => {
  let nowMs = 1e9;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  let turns = 0;
  let isOver = false;
  const others = () => {
    turns++;
    if (!isOver) setImmediate(others);
  };
  await letOthersTurn();
  setImmediate(others);
  for (let count = 0; count < 100; count++) await letOthersTurn();
  expect(turns).toBe(0);
  for (let count = 0; count < 10; count++) {
    nowMs += 5;
    // Together, as the files of a plan.
    await Promise.all([letOthersTurn(), letOthersTurn()]);
  }
  isOver = true;
  expect(turns).toBe(10);
});
