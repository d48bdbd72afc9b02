/**
 * `npm run bench:first`: what a first sync costs, against the same local server doing nothing but storing and giving.
 * Absolute numbers belong to the machine; the ratios are what to compare. It judges nothing.
 *
 * BENCH_SCALE (1) shrinks it for a trial run: 0.1 is a file of 100 MiB and 200 small ones.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { openHome } from "@ashlar/client/node/home";
import { eventually } from "../test/e2e/support/eventually.ts";
import { openHouse, type Device, type House } from "../test/e2e/support/house.ts";
import { folderDifference } from "../test/e2e/support/tree.ts";
import { measureBare } from "./bare.ts";
import { measureLatency, quantile } from "./latency.ts";
import { cpuSeconds, cpuSecondsOfEnded } from "./cpu.ts";
import { watchMemory, type Peaks } from "./memory.ts";

const MiB = 1024 * 1024;
const scale = Number(process.env["BENCH_SCALE"] ?? 1);
const largeBytes = Math.round(1024 * scale) * MiB;
const smallFiles = Math.round(2000 * scale);
const saves = Math.max(5, Math.round(50 * scale));

type Run = {
  readonly seconds: number;
  readonly cpuSeconds: { readonly client: number; readonly server: number };
  readonly client: Peaks;
  readonly server: Peaks;
};

async function measureOnce(house: House, device: Device): Promise<Run> {
  const server = watchMemory(house.edge().pid);
  const cpuBefore = { client: cpuSecondsOfEnded(), server: cpuSeconds(house.edge().pid) };
  const startedMs = performance.now();
  const running = device.start(["--once"]);
  const client = watchMemory(running.pid);
  const code = await running.ended;
  const seconds = (performance.now() - startedMs) / 1000;
  if (code !== 0) throw new Error(`sync --once of ${device.name} ended with ${code}:\n${running.stderr()}`);
  const cpu = { client: cpuSecondsOfEnded() - cpuBefore.client, server: cpuSeconds(house.edge().pid) - cpuBefore.server };
  return { seconds, cpuSeconds: cpu, client: client.stop(), server: server.stop() };
}

/** Devices of a new account: the first one's folder is filled and synced once, then those of three more, of which the median counts. */
async function measurePair(
  house: House,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<{ up: Run; down: Run; a: Device; b: Device }> {
  const email = `${name}-${Date.now()}@example.org`;
  const a = await house.device(`${name}-a`, { email, register: true, direct: true });
  await mkdir(a.folder, { recursive: true });
  await fill(a.folder);
  const up = await measureOnce(house, a);
  const downs: { run: Run; device: Device }[] = [];
  for (const letter of ["b", "c", "d"]) {
    const device = await house.device(`${name}-${letter}`, { email, direct: true });
    downs.push({ run: await measureOnce(house, device), device });
    const differs = await folderDifference(a.folder, device.folder);
    if (differs !== undefined) throw new Error(`the folders differ: ${differs}`);
  }
  const middle = downs.toSorted((one, two) => one.run.seconds - two.run.seconds)[1];
  if (middle === undefined) throw new Error("nothing was measured");
  return { up, down: middle.run, a, b: middle.device };
}

async function writeLarge(folder: string): Promise<void> {
  await using file = await open(join(folder, "large.bin"), "w");
  for (let at = 0; at < largeBytes; at += 16 * MiB) await file.write(randomBytes(Math.min(16 * MiB, largeBytes - at)));
}

async function writeSmall(folder: string): Promise<void> {
  for (let index = 0; index < smallFiles; index++) {
    const into = join(folder, `folder ${index % 40}`);
    if (index < 40) await mkdir(into, { recursive: true });
    await writeFile(join(into, `file ${index}.bin`), randomBytes(4096));
  }
}

async function measureSaves(a: Device, b: Device): Promise<number[]> {
  await using first = a.start();
  await using second = b.start();
  await eventually(() =>
    [first, second].every(({ events }) => events.some(({ type }) => type === "equal")) ? undefined : "both are live",
  );
  return await measureLatency(a, b, saves);
}

const megabytes = (bytes: number) => `${Math.round(bytes / MiB)} MiB`;
const peak = (peaks: Peaks) => [...peaks].map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(", ");
const commit = () => execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();

await using house = await openHouse();
const yard = await house.device("bare", { email: `bare-${Date.now()}@example.org`, register: true, direct: true });
const account = await (await openHome(yard.home)).currentAccount();
if (account === undefined) throw new Error("not signed in");
const bare = await measureBare(yard.home, account, { large: Math.max(16, Math.round(64 * scale)), small: smallFiles });
const large = await measurePair(house, "large", writeLarge);
const small = await measurePair(house, "small", writeSmall);
const latencies = await measureSaves(small.a, small.b);

const result = {
  machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem(), node: process.version },
  commit: commit(),
  scale,
  bare,
  large: {
    bytes: largeBytes,
    upSeconds: large.up.seconds,
    downSeconds: large.down.seconds,
    upRatio: largeBytes / large.up.seconds / bare.putBytesPerSecond,
    downRatio: largeBytes / large.down.seconds / bare.getBytesPerSecond,
    cpuSeconds: { up: large.up.cpuSeconds, down: large.down.cpuSeconds },
    peakBytes: {
      clientUp: Object.fromEntries(large.up.client),
      clientDown: Object.fromEntries(large.down.client),
      serverUp: Object.fromEntries(large.up.server),
      serverDown: Object.fromEntries(large.down.server),
    },
  },
  small: {
    files: smallFiles,
    upSeconds: small.up.seconds,
    downSeconds: small.down.seconds,
    upRatio: smallFiles / small.up.seconds / bare.smallPutsPerSecond,
    downRatio: smallFiles / small.down.seconds / bare.smallGetsPerSecond,
  },
  saveToBytesMs: { saves, median: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
};

const rate = (value: number) => Math.round(value).toLocaleString("en");
const ratio = (value: number) => value.toFixed(2);
const seconds = (value: number) => `${value.toFixed(1)} s`;
console.log(
  `${result.machine.cores} x ${result.machine.cpu}, ${megabytes(result.machine.memoryBytes)}, Node ${process.version}, commit ${result.commit}, scale ${scale}`,
);
console.table({
  "bare PUT of 4 MiB": { measured: `${megabytes(bare.putBytesPerSecond)}/s` },
  "bare GET of 4 MiB": { measured: `${megabytes(bare.getBytesPerSecond)}/s` },
  "bare PUT of 4 KB": { measured: `${rate(bare.smallPutsPerSecond)}/s` },
  "bare GET of 4 KB": { measured: `${rate(bare.smallGetsPerSecond)}/s` },
  [`${megabytes(largeBytes)} up`]: { measured: seconds(large.up.seconds), "of bare": ratio(result.large.upRatio) },
  [`${megabytes(largeBytes)} down`]: { measured: seconds(large.down.seconds), "of bare": ratio(result.large.downRatio) },
  [`${smallFiles} files of 4 KB up`]: { measured: seconds(small.up.seconds), "of bare": ratio(result.small.upRatio) },
  [`${smallFiles} files of 4 KB down`]: { measured: seconds(small.down.seconds), "of bare": ratio(result.small.downRatio) },
  "save to bytes, median": { measured: `${Math.round(result.saveToBytesMs.median)} ms` },
  "save to bytes, p95": { measured: `${Math.round(result.saveToBytesMs.p95)} ms` },
});
console.log(`peak RSS, large file up: client ${peak(large.up.client)}; server ${peak(large.up.server)}`);
console.log(`peak RSS, large file down: client ${peak(large.down.client)}; server ${peak(large.down.server)}`);
/** What the two used cannot be done in less time by all cores together: the floor under any order of the same work. */
const cpu = ({ client, server }: Run["cpuSeconds"]) =>
  `client ${seconds(client)}, server ${seconds(server)}, so not below ${seconds((client + server) / result.machine.cores)}`;
console.log(`CPU time, large file: up ${cpu(large.up.cpuSeconds)}; down ${cpu(large.down.cpuSeconds)}`);
console.log(JSON.stringify(result));
