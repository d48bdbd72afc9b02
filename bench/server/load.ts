/** Requests as fast as they are answered, a few at a time. */
import type { Pool } from "undici";
import { cpuSeconds } from "../cpu.ts";
import { quantile } from "../latency.ts";

export type Ask = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly status: number;
};

export type Loaded = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number; readonly cpuMs: number };

export async function load(
  pool: Pool,
  pid: number,
  ask: (at: number) => Ask,
  { atOnce, seconds }: { atOnce: number; seconds: number },
): Promise<Loaded> {
  let at = 0;
  const times: number[] = [];
  const run = async (untilMs: number) => {
    while (performance.now() < untilMs) {
      const { method, path, headers = {}, body, status } = ask(at++);
      const startedMs = performance.now();
      const answer = await pool.request({ method, path, headers, ...(body !== undefined && { body }) });
      if (answer.statusCode !== status) throw new Error(`${method} ${path} was answered ${answer.statusCode}: ${await answer.body.text()}`);
      await answer.body.dump({ limit: Number.POSITIVE_INFINITY });
      times.push(performance.now() - startedMs);
    }
  };
  const all = (duration: number) => {
    const untilMs = performance.now() + duration * 1000;
    return Promise.all(Array.from({ length: atOnce }, () => run(untilMs)));
  };
  // Code that is not compiled yet, and connections.
  await all(Math.min(1, seconds / 4));
  times.length = 0;
  const cpuBefore = cpuSeconds(pid);
  const startedMs = performance.now();
  await all(seconds);
  const elapsed = (performance.now() - startedMs) / 1000;
  return {
    perSecond: times.length / elapsed,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    cpuMs: ((cpuSeconds(pid) - cpuBefore) * 1000) / times.length,
  };
}
