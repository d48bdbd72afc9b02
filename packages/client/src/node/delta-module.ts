import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The delta codec's WebAssembly, which `npm ci` builds, compiled: a millisecond for its 20 kB. */
export function loadDeltaModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(fileURLToPath(import.meta.resolve("@ashlar/shared/delta.wasm"))));
}
