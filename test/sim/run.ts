/**
 * `npm run sim -- --runs N [--seed S] [--minutes M] [--workers W] [--steps K] [--devices D]`: simulated lives of everything, each from a seed of
 * its own, on all cores or W. A seed that fails is shrunk to fewer steps, printed with what happened, and ends the command with 1.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import * as z from "zod/mini";
import type { Verdict } from "./support/simulation.ts";
import { onThreads, type Task, type Thread } from "./support/threads.ts";
import type { Storm } from "./support/world.ts";

const whole = z.pipe(
  z.string().check(z.regex(/^\d{1,9}$/)),
  z.transform((text: string) => Number(text)),
);
const argumentsSchema = z.strictObject({
  runs: z.optional(whole),
  seed: z.optional(whole),
  minutes: z.optional(whole),
  workers: z.optional(whole),
  steps: z.optional(whole),
  devices: z.optional(whole),
  help: z.optional(z.boolean()),
});
const options = {
  runs: { type: "string" },
  seed: { type: "string" },
  minutes: { type: "string" },
  workers: { type: "string" },
  steps: { type: "string" },
  devices: { type: "string" },
  help: { type: "boolean" },
} as const;
const usage = `npm run sim -- [--runs N] [--seed S] [--minutes M] [--workers W] [--steps K] [--devices D]

Simulated lives of everything: several devices with the real client and the Workers' real code in one process, each life from a seed of
its own, with faults of disks, networks, storage and processes. Afterwards all must be equal, and nothing saved lost.

  --runs N      so many lives (100, or with --minutes any number)
  --seed S      the first one's seed (1); the next one's is one more
  --minutes M   no life begins after so many minutes
  --workers W   threads (one for each core)
  --steps K     what happens in a life (25)
  --devices D   of each life (3)

A seed that fails is shrunk to fewer steps and printed with the command that replays it. Ends with 1 when one failed.`;
const shown = 400;

/** The storm is that of the verdict: a shorter one than asked for, when it failed. */
type Outcome = { readonly verdict: Verdict; readonly storm: Storm };
type Totals = { runs: number; failed: number; readonly counts: Record<string, number> };

const {
  minutes,
  runs = minutes === undefined ? 100 : Infinity,
  seed: first = 1,
  workers = availableParallelism(),
  steps = 25,
  devices = 3,
  help,
} = argumentsSchema.parse(parseArgs({ options }).values);
if (help === true) {
  console.log(usage);
  process.exit(0);
}
const startedMs = performance.now();
const endMs = minutes === undefined ? Infinity : startedMs + minutes * 60_000;
const totals: Totals = { runs: 0, failed: 0, counts: {} };
let seed = first;
const next = (): Task | undefined => {
  const isMore = performance.now() < endMs && seed < first + runs;
  return isMore ? { seed: seed++, storm: { devices, steps, violence: 1 } } : undefined;
};
await onThreads(Math.min(workers, runs), next, async (task, thread) => {
  const verdict = await thread.simulate(task);
  take(verdict.faults.length === 0 ? { verdict, storm: task.storm } : await shrink({ verdict, storm: task.storm }, thread));
});
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  `${totals.runs} runs, ${totals.failed} failed, ${(totals.runs / seconds).toFixed(1)} a second; ${JSON.stringify(totals.counts)}`,
);
process.exitCode = totals.failed === 0 ? 0 : 1;

function take({ verdict, storm }: Outcome): void {
  totals.runs++;
  for (const [name, count] of Object.entries(verdict.counts)) totals.counts[name] = (totals.counts[name] ?? 0) + count;
  if (verdict.faults.length === 0) return;
  totals.failed++;
  console.log(`seed ${verdict.seed} failed:\n${verdict.faults.map((fault) => `  ${fault}`).join("\n")}`);
  console.log(
    verdict.trace
      .slice(0, shown)
      .map((line) => `    ${line}`)
      .join("\n"),
  );
  console.log(`  again: npm run sim -- --runs 1 --seed ${verdict.seed} --steps ${storm.steps} --devices ${storm.devices}`);
}

/** The shortest beginning of the same storm that fails as well: it takes the same steps up to where it ends. */
async function shrink({ verdict, storm }: Outcome, thread: Thread): Promise<Outcome> {
  const { seed: failing } = verdict;
  for (let count = 1; count <= storm.steps; count++) {
    const shorter = { ...storm, steps: count };
    const again = await thread.simulate({ seed: failing, storm: shorter });
    if (again.faults.length > 0) return { verdict: again, storm: shorter };
  }
  return { verdict: { ...verdict, faults: ["it does not fail again: something outlives a run", ...verdict.faults] }, storm };
}
