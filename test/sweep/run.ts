/**
 * `npm run sweep -- [--call rename] [--blow KILL] [--trials N] [--seed S]`: strikes the real command at every system call that
 * matters to what is on the disk, with every blow, in an order from the seed. Ends with 1 when anything came of one.
 */
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import { seeded } from "../e2e/support/random.ts";
import { calls, everyFault, faultText } from "../e2e/support/fault.ts";
import { shuffled } from "./support/sample.ts";
import { Sweep } from "./support/sweep.ts";

const whole = z.pipe(
  z.string().check(z.regex(/^\d{1,9}$/)),
  z.transform((text: string) => Number(text)),
);
const argumentsSchema = z.strictObject({
  call: z.optional(z.string()),
  blow: z.optional(z.string()),
  trials: z.optional(whole),
  seed: z.optional(whole),
  help: z.optional(z.boolean()),
});
const options = {
  call: { type: "string" },
  blow: { type: "string" },
  trials: { type: "string" },
  seed: { type: "string" },
  help: { type: "boolean" },
} as const;
const usage = `npm run sweep -- [--call rename] [--blow KILL] [--trials N] [--seed S]

Strikes the real command under strace at every system call that matters to what is on the disk, and starts it again: both folders must
be what they would have been. Each strike takes seconds, and all of them hours.

  --call NAME   only at that system call: ${calls.join(", ")}
  --blow NAME   only with that blow: KILL, ENOSPC, EIO or ECONNREFUSED
  --trials N    so many of them (all)
  --seed S      their order (1)

Ends with 1 when anything came of one.`;
const { call, blow, trials = Infinity, seed = 1, help } = argumentsSchema.parse(parseArgs({ options }).values);
if (help === true) {
  console.log(usage);
  process.exit(0);
}

await using sweep = await Sweep.open();
const wanted = everyFault(await sweep.count()).filter(
  (fault) => (call ?? fault.call) === fault.call && (blow ?? fault.blow) === fault.blow,
);
const faults = shuffled(wanted, seeded(seed)).slice(0, trials);
console.log(`${faults.length} of ${wanted.length} faults, seed ${seed}`);
let hits = 0;
let failed = 0;
for (const [index, fault] of faults.entries()) {
  const verdict = await sweep.strike(fault);
  if (verdict.isHit) hits++;
  if (verdict.faults.length > 0) failed++;
  for (const text of verdict.faults) console.log(text);
  if ((index + 1) % 50 === 0) console.log(`${index + 1} of ${faults.length} done, ${hits} hit, ${failed} failed; next ${faultText(fault)}`);
}
console.log(`${faults.length} faults, ${hits} hit, ${failed} with something wrong`);
process.exitCode = failed === 0 ? 0 : 1;
