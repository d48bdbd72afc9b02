import * as fc from "fast-check";
import { expect, it } from "vitest";
import { planMigrations } from "../local/migration-plan.ts";

it("O5 what is known beyond what was applied is to be applied, in order", () => {
  expect(planMigrations([], ["0", "1"])).toEqual({ kind: "apply", names: ["0", "1"] });
  expect(planMigrations(["0"], ["0", "1"])).toEqual({ kind: "apply", names: ["1"] });
  expect(planMigrations(["0", "1"], ["0", "1"])).toEqual({ kind: "apply", names: [] });
});

it("O5 a migration that was renamed, removed or slipped in between is refused", () => {
  expect(planMigrations(["0", "1"], ["0", "1b"])).toEqual({ kind: "diverged", applied: "1", expected: "1b" });
  expect(planMigrations(["0", "1"], ["0"])).toEqual({ kind: "diverged", applied: "1", expected: undefined });
  expect(planMigrations(["0", "2"], ["0", "1", "2"])).toEqual({ kind: "diverged", applied: "2", expected: "1" });
});

it("O5 a plan exists exactly when the applied names are a prefix, and completes them", () => {
  const names = fc.uniqueArray(fc.string(), { maxLength: 6 });
  fc.assert(
    fc.property(names, names, (applied, known) => {
      const plan = planMigrations(applied, known);
      const isPrefix = applied.every((name, index) => known[index] === name);
      expect(plan.kind === "apply" ? [...applied, ...plan.names] : undefined).toEqual(isPrefix ? known : undefined);
    }),
  );
});
