/** CPU time and peak memory of every process that takes part, from Linux's /proc. */
import { writeFileSync } from "node:fs";
import { cpuSeconds, cpuSecondsOfEnded } from "../cpu.ts";
import { descendants, type Peaks, watchMemory } from "../memory.ts";

export type Metered = {
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly peakBytes: Readonly<Record<string, number>>;
};

/** Name of the processes that come and go during a measurement. */
const commands = "commands";

export class Meter {
  readonly #processes: ReadonlyMap<string, number>;
  readonly #before: ReadonlyMap<string, number>;
  readonly #endedBefore = cpuSecondsOfEnded();
  readonly #watches: { name: string; watch: { stop(): Peaks } }[] = [];

  constructor(processes: ReadonlyMap<string, number>) {
    this.#processes = processes;
    for (const [name, pid] of processes) {
      for (const one of [pid, ...descendants(pid)]) forgetPeak(one);
      this.#watches.push({ name, watch: watchMemory(pid) });
    }
    this.#before = new Map([...processes].map(([name, pid]) => [name, cpuSeconds(pid)]));
  }

  /** A process that ends before the measurement does. */
  watchCommand(pid: number): void {
    this.#watches.push({ name: commands, watch: watchMemory(pid) });
  }

  stop(): Metered {
    const peakBytes: Record<string, number> = {};
    for (const { name, watch } of this.#watches) {
      for (const [program, bytes] of watch.stop()) {
        const key = program === "gone" ? name : `${name} ${program}`;
        peakBytes[key] = Math.max(peakBytes[key] ?? 0, bytes);
      }
    }
    const cpu = [...this.#processes].map(([name, pid]) => [name, cpuSeconds(pid) - (this.#before.get(name) ?? 0)] as const);
    const ended = cpuSecondsOfEnded() - this.#endedBefore;
    return { cpuSeconds: Object.fromEntries(ended > 0 ? [...cpu, [commands, ended] as const] : cpu), peakBytes };
  }
}

/** proc(5): sets the high-water mark of the process's memory back to what it has now. */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // Not Linux, or gone: the peak is then that of the whole session so far.
  }
}
