/** `npm run gc`: the collector's run, or its plan, on a local server's state, whether or not the server runs. */
import { parseArgs } from "node:util";
import { askAtDoor, collectAndTell } from "./door.ts";
import { runText, type RunKind, type RunRow } from "./gc-run.ts";
import { quiet, settings } from "./serve.ts";

export async function gc(): Promise<void> {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false }, root: { type: "string" } } });
  const kind: RunKind = values["dry-run"] ? "plan" : "collect";
  const { root, state } = settings(values.root === undefined ? [] : ["--root", values.root], process.env);
  const run = (await askAtDoor(state, kind)) ?? (await startAndRun({ root, state, kind }));
  for (const line of runText(run)) console.log(line);
}

/** No server runs: one does for as long as this takes. A state whose server cannot be asked is refused as in use. */
async function startAndRun({ root, state, kind }: { root: string; state: string; kind: RunKind }): Promise<RunRow> {
  Object.assign(process.env, quiet);
  const { startServer } = await import("./server.ts");
  await using server = await startServer({ root, host: "127.0.0.1", port: 0, state, say: () => {} });
  return await collectAndTell(server, kind);
}
