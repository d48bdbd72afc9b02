/** Peak memory of processes, from Linux's /proc; elsewhere unknown. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

export type Peaks = ReadonlyMap<string, number>;

/** Looks at the process and all below it again and again; `stop` answers the peak of each, in bytes, by its name. */
export function watchMemory(pid: number): { stop(): Peaks } {
  const peaks = new Map<string, number>();
  const look = () => {
    for (const one of [pid, ...descendants(pid)]) {
      const { name, peakBytes } = statusOf(one);
      if (peakBytes > (peaks.get(name) ?? 0)) peaks.set(name, peakBytes);
    }
  };
  look();
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peaks;
    },
  };
}

/** VmHWM: the kernel keeps the high-water mark, so looking seldom loses nothing but the last moments. */
function statusOf(pid: number): { name: string; peakBytes: number } {
  const text = read(`/proc/${pid}/status`);
  // Not the kernel's name, which is that of the main thread.
  const [program = ""] = read(`/proc/${pid}/cmdline`).split("\0");
  return {
    name: basename(program) || "gone",
    peakBytes: Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024,
  };
}

export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of listProcesses()) {
    const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

function listProcesses(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // No /proc: not Linux.
    return [];
  }
}

export function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process ended between the listing and the look.
    return "";
  }
}
