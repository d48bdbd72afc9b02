/** Builds the delta codec's WebAssembly. `npm ci` runs it, and whatever needs the module runs it again: it does nothing while that is current. */
import { runScript } from "./local/failure.ts";
import { buildDeltaModule } from "./local/delta-module.ts";
import { root } from "./local/root.ts";

await runScript(async () => {
  const { file, bytes, built } = await buildDeltaModule(root);
  if (built) console.log(`${file}  ${bytes} bytes`);
});
