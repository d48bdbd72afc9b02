/**
 * `npm run db:generate`: new migrations for what changed in the schemas of packages/server.
 * With `--check` nothing is written: it fails when a migration is missing.
 */
import { parseArgs } from "node:util";
import { copyRepository } from "./fences/copy.ts";
import { runScript, ScriptFailure } from "./local/failure.ts";
import { root } from "./local/root.ts";
import { readTool, runTool } from "./local/run-tool.ts";

const schemas = ["directory", "meta", "blocks"];
const unchanged = "No schema changes";

await runScript(() => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  if (values.check) check();
  else for (const name of schemas) runTool("drizzle-kit", ["generate", "--config", `drizzle/${name}.config.ts`]);
});

/** In a copy, because drizzle-kit has no way to ask without writing. */
function check(): void {
  using copy = copyRepository(root);
  const behind = schemas.filter((name) => {
    const { output } = readTool("drizzle-kit", ["generate", "--config", `drizzle/${name}.config.ts`], copy.folder);
    if (output.includes(unchanged)) return false;
    console.error(output);
    return true;
  });
  if (behind.length > 0) throw new ScriptFailure(`The migrations of ${behind.join(", ")} are behind the schema: npm run db:generate.`);
  console.log(`schema: the migrations of ${schemas.join(", ")} are complete`);
}
