/** `npm run spec`: every rule of docs/spec has a test, and every rule that a test cites exists. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filesOf } from "./fences/copy.ts";
import { runScript, ScriptFailure } from "./local/failure.ts";
import { root } from "./local/root.ts";
import { contentsFaults, rulesOf, specFaults } from "./spec/rules.ts";

const read = (file: string) => ({ file, text: readFileSync(join(root, file), "utf8") });

await runScript(() => {
  const parts = readdirSync(join(root, "docs/spec")).filter((name) => name.endsWith(".md"));
  const specs = parts.map((name) => read(`docs/spec/${name}`));
  const tests = filesOf(root).filter((file) => /(^|\/)test\/.*\.test\.ts$/.test(file));

  const faults = [...contentsFaults(read("docs/SPEC.md").text, parts), ...specFaults(specs, tests.map(read))];
  for (const fault of faults) console.error(fault);
  const count = specs.flatMap((source) => rulesOf(source).rules).length;
  if (faults.length > 0) throw new ScriptFailure(`The specification and the tests differ in ${faults.length} places.`);
  console.log(`spec: ${count} rules, each with a test`);
});
