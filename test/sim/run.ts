/**
 * `npm run sim -- --runs N [--seed S] [--minutes M] [--workers W] [--steps K] [--devices D]`: simulated lives of everything, each from a seed of
 * its own, on all cores or W. A seed that fails is shrunk to fewer steps, printed with what happened, and ends the command with 1.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import * as z from "zod/mini";
import { simulate, type Storm, type Verdict } from "./support/simulation.ts";

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
});
const shown = 400;

type Task = { readonly seed: number; readonly storm: Storm };
/** The storm is that of the verdict: a shorter one than asked for, when it failed. */
type Outcome = { readonly verdict: Verdict; readonly storm: Storm };
type Totals = { runs: number; failed: number; readonly counts: Record<string, number> };

if (isMainThread) await main();
else parentPort?.on("message", (task: Task) => void answer(task));

async function answer({ seed, storm }: Task): Promise<void> {
  const verdict = await simulate(seed, storm);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(verdict);
}

async function main(): Promise<void> {
  const options = {
    runs: { type: "string" },
    seed: { type: "string" },
    minutes: { type: "string" },
    workers: { type: "string" },
    steps: { type: "string" },
    devices: { type: "string" },
  } as const;
  const {
    runs = 100,
    seed: first = 1,
    minutes,
    workers = availableParallelism(),
    steps = 25,
    devices = 3,
  } = argumentsSchema.parse(parseArgs({ options }).values);
  const startedMs = performance.now();
  const endMs = minutes === undefined ? Infinity : startedMs + minutes * 60_000;
  const totals: Totals = { runs: 0, failed: 0, counts: {} };
  const storm = { devices, steps, violence: 1 };
  let next = first;
  const hasNext = () => performance.now() < endMs && (minutes !== undefined || next < first + runs);
  const work = async () => {
    await using worker = startWorker();
    while (hasNext()) take(await worker.run({ seed: next++, storm }), totals);
  };
  await Promise.all(Array.from({ length: Math.min(workers, runs) }, work));
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    `${totals.runs} runs, ${totals.failed} failed, ${(totals.runs / seconds).toFixed(1)} a second; ${JSON.stringify(totals.counts)}`,
  );
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

function take({ verdict, storm }: Outcome, totals: Totals): void {
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

function startWorker() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const run = (task: Task) =>
    new Promise<Verdict>((resolve, reject) => {
      worker.once("message", (verdict: Verdict) => {
        worker.off("error", reject);
        resolve(verdict);
      });
      worker.once("error", reject);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(task);
    });
  return {
    async run(task: Task): Promise<Outcome> {
      const verdict = await run(task);
      return verdict.faults.length === 0 ? { verdict, storm: task.storm } : shrink({ verdict, storm: task.storm }, run);
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

/** The shortest beginning of the same storm that fails as well: it takes the same steps up to where it ends. */
async function shrink({ verdict, storm }: Outcome, run: (task: Task) => Promise<Verdict>): Promise<Outcome> {
  const { seed } = verdict;
  for (let steps = 1; steps <= storm.steps; steps++) {
    const shorter = { ...storm, steps };
    const again = await run({ seed, storm: shorter });
    if (again.faults.length > 0) return { verdict: again, storm: shorter };
  }
  return { verdict: { ...verdict, faults: ["it does not fail again: something outlives a run", ...verdict.faults] }, storm };
}
