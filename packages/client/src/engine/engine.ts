import type { Engine, EngineOptions } from "./types.ts";

export function createEngine(options: EngineOptions): Engine {
  throw new Error(`not yet for ${options.edge.user}`);
}
