/** `npm run fences`: the rules that keep rooms apart and files small hold, and those that should bite do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unrefused } from "./fences/bite.ts";
import { copyRepository, filesOf } from "./fences/copy.ts";
import { linesMax, linesWarn, oversized } from "./fences/sizes.ts";
import { violations } from "./fences/violations.ts";
import { runScript, ScriptFailure } from "./local/failure.ts";
import { root } from "./local/root.ts";

await runScript(() => {
  using copy = copyRepository(root);
  const open = unrefused(copy.folder, violations);
  for (const { name, refusedBy } of open) console.error(`no fence: ${name} (${refusedBy} should refuse it)`);
  console.log(`fences: ${violations.length - open.length} of ${violations.length} planted violations were refused`);

  const sizes = oversized(filesOf(root), (file) => readFileSync(join(root, file), "utf8"));
  for (const { file, lines, over } of sizes)
    console.log(
      over === "max"
        ? `too long: ${file} has ${lines} lines, of ${linesMax}`
        : `long: ${file} has ${lines} lines, split it by ${linesWarn}`,
    );
  if (open.length > 0 || sizes.some(({ over }) => over === "max")) throw new ScriptFailure("The fences do not hold.");
});
