/**
 * `npm run bench [NAME...]`: runs the benchmarks, all if none is named, prints one table, and writes what was measured as JSON and
 * as a page with plots to `bench/out`. It judges nothing. `npm run bench -- --list` names them.
 *
 * BENCH_SCALE (1) shrinks them for a trial run. BENCH_SEED chooses other content. BENCH_WHO (Ashlar,Syncthing,...) leaves contenders out.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScript, ScriptFailure } from "../scripts/local/failure.ts";
import { benchmarks } from "./benchmarks.ts";
import { descendants } from "./memory.ts";
import { cellsOf, type Line } from "./report/line.ts";
import { machineOf, machineText } from "./report/machine.ts";
import { pageOf } from "./report/page.ts";
import { tableOf } from "./report/table.ts";

const out = join(import.meta.dirname, "out");

// Edges, devices and peers end with it: what they leave in the system's folder for temporary files is all that stays.
for (const [signal, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const)
  process.once(signal, () => {
    for (const pid of descendants(process.pid)) kill(pid);
    process.exit(128 + number);
  });

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

await runScript(async () => {
  const names = process.argv.slice(2);
  if (names.includes("--list")) {
    for (const { name, about } of benchmarks) console.log(`${name.padEnd(12)} ${about}`);
    return;
  }
  const unknown = names.find((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) throw new ScriptFailure(`There is no benchmark "${unknown}": --list names them.`, { exitCode: 2 });

  const machine = machineOf(Number(process.env["BENCH_SCALE"] ?? 1), Number(process.env["BENCH_SEED"] ?? 20_261_127));
  console.log(machineText(machine));
  const lines: Line[] = [];
  const notes = new Set<string>();
  const startedMs = performance.now();
  // Gone when all is done: what is deleted meanwhile slows down whoever is measured next.
  const everything = await mkdtemp(join(tmpdir(), "ashlar-bench-"));
  try {
    for (const { name, run } of benchmarks.filter((benchmark) => names.length === 0 || names.includes(benchmark.name))) {
      const directory = join(everything, name);
      await mkdir(directory);
      const own = await run({
        scale: machine.scale,
        seed: machine.seed,
        directory,
        // What is under way, for who waits; the table follows at the end.
        tell: (line) => console.error(cellsOf(line).filter(Boolean).join(" | ")),
        note: (text) => notes.add(text),
      });
      lines.push(...own);
      await mkdir(out, { recursive: true });
      await writeFile(join(out, `${name}.json`), `${JSON.stringify({ machine, lines: own, notes: [...notes] }, undefined, 2)}\n`);
    }
  } finally {
    await rm(everything, { recursive: true, force: true });
  }
  await writeFile(join(out, "index.html"), pageOf(machine, lines, [...notes]));
  console.log(tableOf(lines));
  for (const note of notes) console.log(note);
  console.log(`${Math.round((performance.now() - startedMs) / 1000)} s. bench/out has it as JSON, and as index.html with plots.`);
});
