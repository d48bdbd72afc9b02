/** What a process costs while nothing happens. */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds } from "./cpu.ts";
import { descendants, read } from "./memory.ts";

export type Idle = {
  readonly seconds: number;
  /** Of one core. */
  readonly cpuShare: number;
  /** Resident, of the process and all below it, at the end. */
  readonly residentBytes: number;
  readonly peakBytes: number;
};

export async function measureIdle(pid: number, seconds: number): Promise<Idle> {
  // What is left to do after the last step, and watches that are still to be heard.
  await sleep(5000);
  const before = cpuSeconds(pid);
  await sleep(seconds * 1000);
  const cpuShare = (cpuSeconds(pid) - before) / seconds;
  return { seconds, cpuShare, residentBytes: residentBytes(pid), peakBytes: sumOf(pid, "VmHWM") };
}

/** Of the process and all below it. */
export function residentBytes(pid: number): number {
  return sumOf(pid, "VmRSS");
}

function sumOf(pid: number, field: string): number {
  return [pid, ...descendants(pid)].reduce((bytes, one) => bytes + memoryOf(one, field), 0);
}

function memoryOf(pid: number, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}
