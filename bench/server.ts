/** What the edge answers in a second, beside a Worker that does nothing, on the same machine in the same run. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { changesResponseSchema } from "@ashlar/shared/protocol/change";
import { locateResponseSchema } from "@ashlar/shared/protocol/block";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { Pool } from "undici";
import { type Edge, startEdge } from "../scripts/local/edge.ts";
import { rootWith } from "../test/e2e/support/counting-edge.ts";
import type { Benchmark, Context } from "./context.ts";
import { residentBytes } from "./idle.ts";
import { quantile } from "./latency.ts";
import { cpuSeconds } from "./cpu.ts";
import type { Line } from "./report/line.ts";
import { type Account, signUp } from "./server/account.ts";
import { type Block, newBlock, newFile } from "./server/commits.ts";
import { type Ask, load, type Loaded } from "./server/load.ts";
import { openCrowd } from "./server/sockets.ts";

const KiB = 1024;
const atOnce = 16;
/** Commits of one account are done one after the other. */
const accounts = 8;
const checkedBlocks = 16;
/** An object sleeps after ten seconds without anything to do. */
const untilAsleepMs = 12_000;

export const serverBenchmark: Benchmark = {
  name: "server",
  about: "requests a second, latency and processor time of the edge, and its sockets",
  run: measureServer,
};

async function measureServer(context: Context): Promise<Line[]> {
  await using stack = new AsyncDisposableStack();
  const start = async (name: string, main: string) => {
    const directory = join(context.directory, name);
    const state = join(directory, "state");
    const edge = stack.use(await startEdge({ state, root: await rootWith(join(directory, "root"), { main, unlimited: true }) }));
    return { edge, state, pool: stack.adopt(new Pool(edge.url, { connections: atOnce }), (pool) => pool.close()) };
  };
  const empty = await start("empty", "test/counting/empty-worker.ts");
  const { edge, state, pool } = await start("edge", "workers/api/src/index.ts");
  const signedUp: Account[] = [];
  for (let at = 0; at < accounts; at++) signedUp.push(await signUp(edge.url, state, `server-${at}`));

  const options = { atOnce, seconds: Math.max(1, 5 * context.scale) };
  const nothing = () => load(empty.pool, empty.edge.pid, () => ({ method: "GET", path: "/", status: 204 }), options);
  const before = await nothing();
  const asks = await asksOf(edge, signedUp);
  const lines: Line[] = [];
  const told = (line: Line) => {
    lines.push(line);
    context.tell(line);
  };
  const measured: [string, Loaded][] = [];
  for (const [what, ask] of Object.entries(asks)) measured.push([what, await load(pool, edge.pid, ask, options)]);
  const after = await nothing();
  const yardstick = (before.perSecond + after.perSecond) / 2;
  for (const [what, loaded] of [["nothing, before", before], ["nothing, after", after], ...measured] satisfies [string, Loaded][]) {
    told(lineOf(what, loaded, yardstick));
  }
  for (const line of await measurePushes(edge, signedUp, context)) told(line);
  told(await measureIdleSockets(edge, signedUp, Math.round(5000 * context.scale)));
  return lines;
}

function lineOf(what: string, { perSecond, p50Ms, p99Ms, cpuMs }: Loaded, limit: number): Line {
  const isYardstick = what.startsWith("nothing");
  return {
    bench: "server",
    what,
    who: isYardstick ? "empty Worker" : "Ashlar",
    value: perSecond,
    unit: "/s",
    limit,
    also: `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms; CPU ${cpuMs.toFixed(2)} ms each`,
  };
}

async function asksOf(edge: Edge, all: readonly Account[]): Promise<Record<string, (at: number) => Ask>> {
  const accountAt = (at: number): Account => {
    const account = all[at % all.length];
    if (account === undefined) throw new RangeError("there are no accounts");
    return account;
  };
  const authorization = (at: number) => ({ authorization: `Bearer ${accountAt(at).token}` });
  const json = (at: number) => ({ ...authorization(at), "content-type": "application/json" });
  const [small, large] = [newBlock(4 * KiB), newBlock(KiB * KiB)];
  await putBlock(edge, accountAt(0), large);
  for (const [block, isInline] of [
    [small, true],
    [large, false],
  ] as const)
    await commitFile(edge, accountAt(0), block, isInline);
  const located = await askJson(edge, "POST", "/v1/blocks/locate", json(0), JSON.stringify({ hashes: [small.hash, large.hash] }));
  const { blocks } = locateResponseSchema.parse(located);
  const addressOf = ({ hash }: Block) => {
    const place = blocks.find((block) => block.hash === hash);
    if (place === undefined) throw new Error("a block was not located");
    const { url, offset, size } = place;
    const range: Record<string, string> = offset === undefined ? {} : { range: `bytes=${offset}-${offset + size - 1}` };
    return { url, range };
  };
  const heads = await Promise.all(
    all.map(async (_, at) => changesResponseSchema.parse(await askJson(edge, "GET", "/v1/changes?since=0", authorization(at)))),
  );
  const get = (block: Block): ((at: number) => Ask) => {
    const { url, range } = addressOf(block);
    return () => ({ method: "GET", path: url, headers: { ...authorization(0), ...range }, status: "range" in range ? 206 : 200 });
  };
  return {
    "changes, of which there are none": (at) => {
      const { epoch, head } = heads[at % heads.length] ?? { epoch: "", head: 0 };
      return { method: "GET", path: `/v1/changes?since=${head}&epoch=${epoch}`, headers: authorization(at), status: 200 };
    },
    [`check of ${checkedBlocks} new blocks`]: (at) => ({
      method: "POST",
      path: "/v1/blocks/check",
      headers: json(at),
      body: JSON.stringify({ blocks: Array.from({ length: checkedBlocks }, () => ({ hash: newBlock(32).hash, size: KiB * KiB })) }),
      status: 200,
    }),
    "signed GET of 4 KiB of a pack": get(small),
    "signed GET of a block of 1 MiB": get(large),
    "commit of a new file of 1 KB": (at) => ({
      method: "POST",
      path: "/v1/commits",
      headers: { ...authorization(at), "content-type": commitMediaType },
      body: newFile(newBlock(KiB), true),
      status: 200,
    }),
  };
}

async function askJson(edge: Edge, method: string, path: string, headers: Record<string, string>, body?: string): Promise<unknown> {
  const answer = await fetch(edge.url + path, { method, headers, ...(body !== undefined && { body }) });
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function putBlock(edge: Edge, { token }: Account, { hash, bytes }: Block): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" };
  const answer = await fetch(`${edge.url}/v1/blocks/${hash}`, { method: "PUT", headers, body: new Uint8Array(bytes) });
  if (!answer.ok) throw new Error(`a block was answered ${answer.status}: ${await answer.text()}`);
}

async function commitFile(edge: Edge, { token }: Account, block: Block, isInline: boolean): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": commitMediaType };
  const answer = await fetch(`${edge.url}/v1/commits`, { method: "POST", headers, body: new Uint8Array(newFile(block, isInline)) });
  if (!answer.ok) throw new Error(`a commit was answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** From the start of a commit until the last socket has been told. */
async function measurePushes(edge: Edge, all: readonly Account[], { scale }: Context): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [at, { sockets, pushes }] of [
    { sockets: 3, pushes: Math.max(10, Math.round(100 * scale)) },
    { sockets: Math.max(50, Math.round(1000 * scale)), pushes: 10 },
  ].entries()) {
    const account = all[at + 1];
    if (account === undefined) throw new RangeError("there are too few accounts");
    using crowd = await openCrowd(edge.url, account, sockets);
    const times: number[] = [];
    const cpuBefore = cpuSeconds(edge.pid);
    for (let push = 0; push < pushes; push++) {
      const startedMs = performance.now();
      await Promise.all([crowd.told(), commitFile(edge, account, newBlock(KiB), true)]);
      times.push(performance.now() - startedMs);
    }
    const cpuMs = ((cpuSeconds(edge.pid) - cpuBefore) * 1000) / pushes;
    lines.push({
      bench: "server",
      what: `push of a commit to ${sockets.toLocaleString("en")} sockets of one user`,
      who: "Ashlar",
      value: quantile(times, 0.5),
      unit: "ms",
      also: `p99 ${quantile(times, 0.99).toFixed(1)} ms of ${pushes}; CPU ${cpuMs.toFixed(2)} ms each`,
    });
  }
  return lines;
}

async function measureIdleSockets(edge: Edge, all: readonly Account[], sockets: number): Promise<Line> {
  const account = all[3];
  if (account === undefined) throw new RangeError("there are too few accounts");
  const before = residentBytes(edge.pid);
  using crowd = await openCrowd(edge.url, account, sockets);
  const open = residentBytes(edge.pid);
  await sleep(untilAsleepMs);
  const cpuBefore = cpuSeconds(edge.pid);
  await sleep(5000);
  const cpuMs = (cpuSeconds(edge.pid) - cpuBefore) * 1000;
  const asleep = residentBytes(edge.pid);
  return {
    bench: "server",
    what: `memory of a socket, of ${sockets.toLocaleString("en")} that are idle`,
    who: "Ashlar",
    value: (asleep - before) / crowd.size / KiB,
    unit: "KiB",
    also: `${((open - before) / sockets / KiB).toFixed(1)} KiB before the object sleeps; ${cpuMs.toFixed(0)} ms CPU in 5 s of nothing`,
  };
}
