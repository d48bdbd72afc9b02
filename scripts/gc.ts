/**
 * `npm run gc`: runs the collector on the local server's state, through the server if it runs. `npm run gc -- --dry-run` only shows
 * its plan. ASHLAR_STATE names the state folder (.ashlar below the repository).
 */
import { requireNode } from "./local/require-node.ts";

requireNode();
// Only now, because an older Node cannot even load what these import.
const { runScript } = await import("./local/failure.ts");
const { gc } = await import("./local/gc.ts");
await runScript(gc);
