/**
 * `npm run deploy`: databases that do not exist yet, the migrations of every database, then the API Worker, then the collector, whose Durable Object binding
 * needs the API Worker to exist. `--dry-run` builds and checks both Workers, and touches nothing.
 */
import { parseArgs } from "node:util";
import { missingNames } from "./deploy/missing.ts";
import { buildDeltaModule } from "./local/delta-module.ts";
import { runScript, ScriptFailure } from "./local/failure.ts";
import { root } from "./local/root.ts";
import { readTool, runTool } from "./local/run-tool.ts";
import { buildWeb } from "./local/web.ts";
import { configFileOf, readWorkers, workerNames } from "./local/workers.ts";

await runScript(async () => {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
  process.env["WRANGLER_SEND_METRICS"] = "false";
  await buildDeltaModule(root);
  await buildWeb(root);
  if (values["dry-run"]) dryRun();
  else deploy();
});

function dryRun(): void {
  for (const name of workerNames) runTool("wrangler", ["deploy", "--dry-run", "--config", configFileOf(root, name)]);
}

function deploy(): void {
  const { api } = readWorkers(root);
  requireSecrets(api.name, api.secrets.required);
  createDatabases(api.databases.map(({ name }) => name));
  // By binding, in the order of the file; wrangler asks before each when it runs on a terminal.
  for (const { binding } of api.databases) runTool("wrangler", ["d1", "migrations", "apply", binding, "--remote"]);
  for (const name of workerNames) runTool("wrangler", ["deploy", "--config", configFileOf(root, name)]);
}

/** wrangler.toml names the databases and has no ids: wrangler looks them up, and would make them only after the migrations. */
function createDatabases(names: readonly string[]): void {
  const { code, output } = readTool("wrangler", ["d1", "list", "--json"]);
  if (code !== 0) throw new ScriptFailure(`The databases cannot be listed:\n${output.trim()}`);
  for (const name of missingNames(output, names)) runTool("wrangler", ["d1", "create", name, "--update-config=false"]);
}

/** Asked first: a Worker without its keys would be deployed well, and refuse every sign-in. */
function requireSecrets(worker: string, required: readonly string[]): void {
  const { code, output } = readTool("wrangler", ["secret", "list", "--name", worker, "--format", "json"]);
  if (code !== 0)
    throw new ScriptFailure(
      `The secrets of ${worker} cannot be listed. Sign in with "npx wrangler login" (or set CLOUDFLARE_API_TOKEN); ` +
        `for the very first deploy, make them: ${commands(required)}\n\n${output.trim()}`,
    );
  const missing = missingNames(output, required);
  if (missing.length > 0) throw new ScriptFailure(`${worker} lacks the secrets ${missing.join(", ")}. Make them: ${commands(missing)}`);
}

function commands(names: readonly string[]): string {
  return names.map((name) => `\n  openssl rand -base64 32 | npx wrangler secret put ${name}`).join("");
}
