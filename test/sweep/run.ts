/**
 * `npm run sweep -- [--call rename] [--blow KILL] [--trials N] [--seed S]`: strikes the real command at every system call that
 * matters to what is on the disk, with every blow, in an order from the seed. Ends with 1 when anything came of one.
 */
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import { seeded } from "../e2e/support/random.ts";
import { everyFault, faultText } from "../e2e/support/fault.ts";
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
});
const options = { call: { type: "string" }, blow: { type: "string" }, trials: { type: "string" }, seed: { type: "string" } } as const;
const { call, blow, trials = Infinity, seed = 1 } = argumentsSchema.parse(parseArgs({ options }).values);

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
