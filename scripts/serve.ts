/**
 * `npm start`: the edge on this machine. Settings come from the environment:
 * PORT (8787; 0 takes a free one), ASHLAR_HOST (127.0.0.1), ASHLAR_STATE (.ashlar below the repository).
 */
import { requireNode } from "./local/require-node.ts";

requireNode();
// Only now, because an older Node cannot even load what these import.
const { runScript } = await import("./local/failure.ts");
const { serve } = await import("./local/serve.ts");
await runScript(serve);
