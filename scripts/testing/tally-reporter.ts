/** The closing line of a test run: `N passed, N failed`, over all projects. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The part of vitest's modules that counts. */
export type ModuleResult = Pick<TestModule, "errors"> & {
  readonly children: { allTests(): Iterable<{ result(): { readonly state: "passed" | "failed" | "skipped" | "pending" } }> };
};

/** A file that could not be loaded, and an error outside of any test, count as one failure each; so does a test that never ended. */
export function tally(modules: readonly ModuleResult[], errors: readonly unknown[]): Tally {
  const count = { passed: 0, failed: errors.length, skipped: 0 };
  for (const module of modules) {
    count.failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      count[state === "pending" ? "failed" : state] += 1;
    }
  }
  return count;
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const { passed, failed, skipped } = tally(modules, errors);
    if (skipped > 0) console.log(`${skipped} skipped`);
    console.log(`${passed} passed, ${failed} failed`);
    // vitest itself fails on all of these; said again here so that the line and the exit code can never differ.
    if (failed > 0) process.exitCode = 1;
  }
}
