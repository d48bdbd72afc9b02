/**
 * `npm run bench:client`: what a large tree costs a device: the first look, the memory, the processor while nothing happens,
 * and a sync of what has not changed; beside Syncthing on the same files, if it is installed. It judges nothing.
 *
 * BENCH_SCALE (1) shrinks it for a trial run: 0.01 is 1,000 files and a sparse file of 100 MiB. BENCH_IDLE_SECONDS (600) is
 * how long nothing happens.
 */
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../test/e2e/support/eventually.ts";
import { openHouse, type Device, type House } from "../test/e2e/support/house.ts";
import { measureIdle } from "./idle.ts";
import { watchMemory } from "./memory.ts";
import { hasSyncthing, measureSyncthing } from "./syncthing.ts";

const MiB = 1024 * 1024;
const scale = Number(process.env["BENCH_SCALE"] ?? 1);
const idleSeconds = Number(process.env["BENCH_IDLE_SECONDS"] ?? 600);
const files = Math.round(100_000 * scale);
const sparseBytes = Math.round(10 * 1024 * scale) * MiB;
const hurryMs = 3_600_000;

const rows: { what: string; ashlar: string; syncthing?: string }[] = [];
const seconds = (value: number) => `${value.toFixed(2)} s`;
const megabytes = (bytes: number) => `${Math.round(bytes / MiB)} MiB`;
const percent = (share: number) => `${(share * 100).toFixed(3)} %`;

async function fill(folder: string, filesEach: number): Promise<void> {
  for (let index = 0; index < files; index++) {
    const into = join(folder, `folder ${Math.floor(index / filesEach)}`);
    if (index % filesEach === 0) await mkdir(into, { recursive: true });
    await writeFile(join(into, `file ${index}.txt`), `${index}`);
  }
}

/** Seconds until it has looked at everything, and until all is on the server. */
async function measureFirst(device: Device): Promise<{ scan: number; equal: number; peakBytes: number }> {
  const startedMs = performance.now();
  const elapsed = () => (performance.now() - startedMs) / 1000;
  const running = device.start(["--once"]);
  const memory = watchMemory(running.pid);
  let scan: number | undefined;
  running.listen(({ type }) => {
    if (type === "scan") scan ??= elapsed();
  });
  const code = await running.ended;
  if (code !== 0 || scan === undefined) throw new Error(`the first sync of ${device.name} ended with ${code}: ${running.stderr()}`);
  return { scan, equal: elapsed(), peakBytes: Math.max(...memory.stop().values()) };
}

/** The best of three: the first may find the disk's cache cold. */
async function measureAgain(device: Device): Promise<number> {
  let best = Infinity;
  for (let time = 0; time < 3; time++) {
    const startedMs = performance.now();
    await device.once();
    best = Math.min(best, (performance.now() - startedMs) / 1000);
  }
  return best;
}

async function measureLive(device: Device): Promise<Awaited<ReturnType<typeof measureIdle>>> {
  await using running = device.start();
  await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "it is not equal yet"), hurryMs);
  return await measureIdle(running.pid, idleSeconds);
}

async function measureTree(house: House, name: string, label: string, filesEach: number): Promise<void> {
  const device = await house.device(name, { email: `${name}@example.org`, register: true, direct: true });
  await fill(device.folder, filesEach);
  const first = await measureFirst(device);
  const again = await measureAgain(device);
  const live = await measureLive(device);
  const peer = hasSyncthing()
    ? await measureSyncthing(join(house.directory, `${name}-syncthing`), device.folder, files, idleSeconds)
    : undefined;
  const of = (what: string, ashlar: string, syncthing?: string) =>
    rows.push({ what: `${label}: ${what}`, ashlar, ...(syncthing === undefined ? {} : { syncthing }) });
  of("first scan", seconds(first.scan), peer && seconds(peer.firstScanSeconds));
  of("first sync to the server", seconds(first.equal));
  of("peak RSS of the first sync", megabytes(first.peakBytes));
  of("sync of no change, as a new process (Syncthing: a scan)", seconds(again), peer && seconds(peer.rescanSeconds));
  of(`of a core, over ${idleSeconds} s of nothing`, percent(live.cpuShare), peer && percent(peer.idle.cpuShare));
  of("RSS while nothing happens", megabytes(live.residentBytes), peer && megabytes(peer.idle.residentBytes));
  of("peak RSS until then", megabytes(live.peakBytes), peer && megabytes(peer.idle.peakBytes));
}

async function measureSparse(house: House): Promise<void> {
  const account = { email: "sparse@example.org", direct: true } as const;
  const one = await house.device("sparse-one", { ...account, register: true });
  const other = await house.device("sparse-other", account);
  await mkdir(one.folder, { recursive: true });
  {
    await using file = await open(join(one.folder, "sparse.bin"), "w");
    await file.truncate(sparseBytes);
  }
  const up = await measureFirst(one);
  const down = await measureFirst(other);
  const what = `sparse file of ${megabytes(sparseBytes)}`;
  rows.push({ what: `${what} up`, ashlar: `${seconds(up.equal)}, peak RSS ${megabytes(up.peakBytes)}` });
  rows.push({ what: `${what} down`, ashlar: `${seconds(down.equal)}, peak RSS ${megabytes(down.peakBytes)}` });
}

if (!hasSyncthing()) console.error("Syncthing is not installed: its column stays empty. Debian has it as the package `syncthing`.");
await using house = await openHouse();
await measureSparse(house);
console.table(rows);
await measureTree(house, "tree", `${files} files in folders of 1000`, 1000);
console.table(rows);
await measureTree(house, "wide", `one folder of ${files} files`, files);
console.table(rows);
console.log(`Scale ${scale}, idle for ${idleSeconds} s.`);
