/** Other makers of deltas, as whole processes. */
import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

export type Peer = {
  readonly name: string;
  readonly program: string;
  /** How to get it, on Debian and its like. */
  readonly from: string;
  command(old: string, next: string, out: string): readonly string[];
};

export const peers: readonly Peer[] = [
  { name: "xdelta3", program: "xdelta3", from: "apt install xdelta3", command: (old, next, out) => ["-f", "-e", "-s", old, next, out] },
  {
    name: "xdelta3 -9",
    program: "xdelta3",
    from: "apt install xdelta3",
    command: (old, next, out) => ["-f", "-9", "-S", "djw", "-e", "-s", old, next, out],
  },
  { name: "bsdiff", program: "bsdiff", from: "apt install bsdiff", command: (old, next, out) => [old, next, out] },
  {
    name: "zstd -19",
    program: "zstd",
    from: "apt install zstd",
    command: (old, next, out) => ["-q", "-f", "-19", "--single-thread", `--patch-from=${old}`, next, "-o", out],
  },
  {
    name: "rdiff",
    program: "rdiff",
    from: "apt install rdiff",
    command: (old, next, out) => ["-f", "delta", `${old}.signature`, next, out],
  },
];

export function isInstalled(peer: Peer): boolean {
  return spawnSync(peer.program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Size in bytes and milliseconds of the whole process; rdiff's size has its signature, which travels as well. */
export function runPeer(peer: Peer, folder: string, old: string, next: string): { bytes: number; ms: number } {
  const out = join(folder, "delta");
  let extra = 0;
  if (peer.program === "rdiff") {
    execFileSync("rdiff", ["-f", "signature", old, `${old}.signature`]);
    extra = statSync(`${old}.signature`).size;
  }
  const startedMs = performance.now();
  execFileSync(peer.program, [...peer.command(old, next, out)], { stdio: "ignore" });
  return { ms: performance.now() - startedMs, bytes: statSync(out).size + extra };
}
