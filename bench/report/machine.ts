/** Where and of what a run is: figures belong to a machine, a commit and a seed. */
import { execFileSync } from "node:child_process";
import { arch, cpus, release, totalmem, type } from "node:os";

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly node: string;
  readonly commit: string;
  readonly at: string;
  readonly scale: number;
  readonly seed: number;
};

export function machineOf(scale: number, seed: number): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${arch()}`,
    node: process.version,
    commit: commitOf(),
    at: new Date().toISOString(),
    scale,
    seed,
  };
}

function commitOf(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    // An archive of the sources has no history.
    return "unknown";
  }
}

export function machineText({ cpu, cores, memoryBytes, os, node, commit, at, scale, seed }: Machine): string {
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  return `${cores} x ${cpu}, ${memory}, ${os}, Node ${node}, commit ${commit}, ${at}, scale ${scale}, seed ${seed}`;
}
