import { expect, it } from "vitest";
import { openDatabase } from "../../src/node/database.ts";
import { applyHindrances } from "../../src/trees/observations.ts";
import { Trees } from "../../src/trees/trees.ts";

it("T22 of two names that look the same both details are told, each once", () => {
  const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
  const hindrances = ["rename \\xe4", "rename \\xf6", "rename \\xe4"].map((detail) => ({
    path: "\uFFFD",
    reason: "bad-name" as const,
    detail,
  }));
  applyHindrances(trees, hindrances, { folders: "all", nowMs: 1, retryMs: () => 1 });
  expect(trees.waiting.all()).toMatchObject([{ path: "\uFFFD", reason: "bad-name", detail: "rename \\xe4; rename \\xf6" }]);
});

it("T22 a name that waits stays known as such when something else that had it was moved away", () => {
  const trees = new Trees(openDatabase(":memory:", 0), { caseSensitive: true });
  const clash = { path: "a", reason: "clash" as const, detail: "rename one of the two" };
  const away = { path: "a", reason: "moved-away" as const, detail: "it was moved" };
  for (const hindrances of [
    [clash, away],
    [away, clash],
  ]) {
    applyHindrances(trees, hindrances, { folders: "all", nowMs: 1, retryMs: () => 1 });
    expect(trees.waiting.all()).toMatchObject([{ path: "a", reason: "clash", nextTryMs: null }]);
  }
});
