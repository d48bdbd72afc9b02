/** The sync engine: looks at disk and journal, plans, takes the steps, and again, until nothing is left to do (DESIGN section 9). */
import { Core } from "./core.ts";
import { Loop } from "./loop.ts";
import type { Engine, EngineOptions } from "./types.ts";

/** One engine for one folder and one database; nobody else may write to the database meanwhile. */
export function createEngine(options: EngineOptions): Engine {
  const loop = new Loop(new Core(options));
  return {
    syncOnce: (signal) => loop.syncOnce(signal),
    run: (signal) => loop.run(signal),
    reconcile: (depth) => loop.reconcile(depth),
    refresh: () => loop.refresh(),
    status: () => loop.status(),
  };
}
