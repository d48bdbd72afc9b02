/** From the environment to a running server, and from a signal to a clean end. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ScriptFailure } from "./failure.ts";
import { root as repository } from "./root.ts";

/** Miniflare reads these at import: no trace store, no look-up of a place on the internet, no statistics. */
export const quiet = { X_LOCAL_OBSERVABILITY: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };

const say = (line: string): void => console.log(line);

/** Returns after the server has stopped. */
export async function serve(): Promise<void> {
  const { root, host, port, state, quotaBytes } = settings(process.argv.slice(2), process.env);
  Object.assign(process.env, quiet);
  const startedAt = performance.now();
  const { startServer } = await import("./server.ts");
  say(`starting the edge, state in ${state}`);
  await using server = await startServer({ root, host, port, state, quotaBytes, say });
  const stopped = stopSignal();
  say(`ready on ${server.url} after ${Math.round(performance.now() - startedAt)} ms`);
  // workerd flushes its databases and not its blobs: after a power cut the newest rows may have no bytes.
  let isStopping = false;
  server.collect("check").catch((error: unknown) => {
    // Cut short by the stop: the next start checks again.
    if (!isStopping) say(`the newest blocks could not be checked: ${String(error)}`);
  });
  await stopped;
  isStopping = true;
  say("stopping");
}

/**
 * Resolves at the first signal to stop. Miniflare's own handlers end the process on the spot: they go, so that the server
 * is disposed of and the exit code is 0. Ours come first: with no handler in between, a signal would be lost.
 */
async function stopSignal(): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  await new Promise<void>((stop) => {
    for (const signal of signals) {
      const others = process.listeners(signal);
      process.on(signal, () => stop());
      for (const listener of others) process.removeListener(signal, listener);
    }
  });
}

export type Settings = {
  readonly root: string;
  readonly host: string;
  readonly port: number;
  readonly state: string;
  /** Of accounts made from now on; undefined: as wrangler.toml has it. */
  readonly quotaBytes: string | undefined;
};

/** `--root DIR` names another tree with a wrangler.toml: tests run stand-in Workers that way. */
export function settings(args: string[], env: Readonly<Record<string, string | undefined>>): Settings {
  const { values } = parseArgs({ args, options: { root: { type: "string", default: repository } } });
  const text = env["PORT"] || "8787";
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new ScriptFailure(`PORT must be a number up to 65535, not "${text}".`, { exitCode: 2 });
  const quotaBytes = env["ASHLAR_QUOTA_BYTES"] || undefined;
  if (quotaBytes !== undefined && !/^\d{1,15}$/.test(quotaBytes))
    throw new ScriptFailure(`ASHLAR_QUOTA_BYTES must be a number of bytes, not "${quotaBytes}".`, { exitCode: 2 });
  return {
    root: resolve(values.root),
    host: env["ASHLAR_HOST"] || "127.0.0.1",
    port,
    state: resolve(repository, env["ASHLAR_STATE"] || ".ashlar"),
    quotaBytes,
  };
}
