import { expect, it } from "vitest";
import { tally, type ModuleResult } from "../testing/tally-reporter.ts";

const module = (states: ("passed" | "failed" | "skipped" | "pending")[], errors: { message: string }[] = []): ModuleResult => ({
  errors: () => errors,
  children: { allTests: () => states.map((state) => ({ result: () => ({ state }) })) },
});

it("O24 the closing line sums the tests of all files", () => {
  expect(tally([module(["passed", "failed"]), module(["passed", "skipped"])], [])).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

it("O24 a file that cannot be loaded, an error outside of tests and a test that never ended are failures", () => {
  expect(tally([module([], [{ message: "cannot be loaded" }])], [])).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(tally([module(["pending"])], [new Error("unhandled")])).toEqual({ passed: 0, failed: 2, skipped: 0 });
});
