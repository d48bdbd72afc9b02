/**
 * `npm run bench:delta`: the delta codec beside its peers, one run, medians. Absolute times belong to the machine; sizes do not.
 * It judges nothing. Peers that are not installed, and inputs whose packages the registry does not give, are skipped and named.
 *
 * BENCH_ONLY (a regular expression) takes some of the inputs; BENCH_CACHE is where packages are kept.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deltaCodec } from "@ashlar/client/node/delta-codec";
import { deltaModuleFile, buildDeltaModule } from "../scripts/local/delta-module.ts";
import { root } from "../scripts/local/root.ts";
import { showChunking } from "./delta/chunking.ts";
import { coldStart, showHostile } from "./delta/hostile.ts";
import { inputs, type Pair } from "./delta/inputs.ts";
import { measureOurs, type Ours } from "./delta/ours.ts";
import { isInstalled, type Peer, peers, runPeer } from "./delta/peers.ts";
import { openWorkerd } from "./delta/workerd.ts";

type Row = { readonly name: string; readonly ours: Ours; readonly others: ReadonlyMap<Peer, { bytes: number; ms: number }> };

await buildDeltaModule(root);
const cache = process.env["BENCH_CACHE"] ?? join(tmpdir(), "ashlar-bench-delta");
const only = new RegExp(process.env["BENCH_ONLY"] ?? "");
mkdirSync(cache, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "ashlar-delta-"));
try {
  await run();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const present = peers.filter((peer) => {
    const installed = isInstalled(peer);
    if (!installed) console.log(`${peer.name}: skipped, not installed (${peer.from})`);
    return installed;
  });
  const codec = deltaCodec();
  await using workerd = await openWorkerd();
  const pairs: Pair[] = [];
  const rows: Row[] = [];
  console.log(
    `input                  ours: frame (body)    make apply workerd | ${present.map(({ name }) => name.padEnd(19)).join("")}| ours / smallest`,
  );
  for (const input of inputs(cache).filter(({ name }) => only.test(name))) {
    const pair = made(input);
    if (pair === undefined) continue;
    pairs.push(pair);
    const row: Row = { name: pair.name, ours: await measureOurs(codec, pair, workerd), others: othersOf(pair, present) };
    rows.push(row);
    console.log(lineOf(row));
  }
  showSums(rows);
  showSignatures(rows);
  await showHostile(codec, workerd);
  console.log(`\n${statSync(deltaModuleFile(root)).size} bytes of WebAssembly; in a fresh Node: ${coldStart()}`);
  showChunking(codec, cache, pairs);
}

function made(input: { readonly name: string; make(): Pair }): Pair | undefined {
  try {
    return input.make();
  } catch (error) {
    console.log(`${input.name}: skipped, ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    return undefined;
  }
}

function othersOf(pair: Pair, present: readonly Peer[]): Row["others"] {
  const [old, next] = [join(work, "old"), join(work, "new")];
  writeFileSync(old, pair.old);
  writeFileSync(next, pair.new);
  return new Map(present.map((peer) => [peer, runPeer(peer, work, old, next)]));
}

function ms(value: number, width = 6): string {
  return value.toFixed(1).padStart(width);
}

function smallest({ others }: Row): number {
  return Math.min(...[...others.values()].map(({ bytes }) => bytes));
}

function lineOf(row: Row): string {
  const { frameBytes, bodyBytes, encodeMs, decodeMs, workerdMs } = row.ours;
  const others = [...row.others.values()].map((other) => `${other.bytes} (${Math.round(other.ms)} ms)`.padEnd(19)).join("");
  const frame = `${frameBytes} (${bodyBytes})`.padStart(18);
  return `${row.name.padEnd(22)} ${frame} ${ms(encodeMs)}${ms(decodeMs)} ${ms(workerdMs)}  | ${others}| ${(frameBytes / smallest(row)).toFixed(3)}`;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function showSums(rows: readonly Row[]): void {
  const withPeers = rows.filter(({ others }) => others.size > 0);
  if (withPeers.length === 0) return;
  console.log(
    `geometric mean of frame / smallest peer: ${geometricMean(withPeers.map((row) => row.ours.frameBytes / smallest(row))).toFixed(3)}`,
  );
  console.log(
    `geometric mean of body / smallest peer (which names no hash): ${geometricMean(withPeers.map((row) => row.ours.bodyBytes / smallest(row))).toFixed(3)}`,
  );
  const ours = withPeers.reduce((sum, row) => sum + row.ours.encodeMs, 0);
  for (const peer of withPeers[0]?.others.keys() ?? []) {
    const theirs = withPeers.reduce((sum, row) => sum + (row.others.get(peer)?.ms ?? 0), 0);
    console.log(`all inputs: ours ${Math.round(ours)} ms, ${peer.name} ${Math.round(theirs)} ms (whole processes)`);
  }
}

function showSignatures(rows: readonly Row[]): void {
  console.log("\nfrom signatures        signature (ms)     frame    (ms)");
  for (const { name, ours } of rows)
    console.log(
      `${name.padEnd(22)} ${String(ours.signatureBytes).padStart(9)} (${ms(ours.signMs, 4)}) ${String(ours.signedBytes).padStart(9)} (${ms(ours.signedMs)})`,
    );
}
