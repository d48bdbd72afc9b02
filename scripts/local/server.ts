/** The local edge: both Workers in one workerd, with real bindings and their state in one folder. */
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { stop as stopBundler } from "esbuild";
import { Miniflare } from "miniflare";
import { buildWorkers, bundleBucket } from "./bundle.ts";
import { openDoor } from "./door.ts";
import { ScriptFailure } from "./failure.ts";
import { readLastRun, type RunKind, type RunRow } from "./gc-run.ts";
import { applyMigrations } from "./migrations.ts";
import { guardAgainstOrphans } from "./orphan-guard.ts";
import { miniflareOptions, type LocalWorker } from "./miniflare-options.ts";
import { claimState, readSecrets } from "./state.ts";
import { readWasmModules } from "./wasm-modules.ts";
import { buildWeb } from "./web.ts";
import { bundleFileOf, readWorkers, type WorkerName } from "./workers.ts";
import type { WorkerConfig } from "./wrangler-config.ts";

export type ServerOptions = {
  /** The repository, or another tree of the same shape. */
  readonly root: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Folder for everything that outlives the process. */
  readonly state: string;
  /** What the files of accounts made from now on may come to; left out, what wrangler.toml says. */
  readonly quotaBytes?: string | undefined;
  /** Takes progress, one line at a time. */
  readonly say: (line: string) => void;
};

export type Server = AsyncDisposable & {
  readonly url: string;
  /** Runs the collector's scheduled handler once: as its cron does, or for a plan or a check alone. */
  collect(kind?: RunKind): Promise<void>;
  /** What the collector wrote down of its latest run. */
  lastRun(): Promise<RunRow | undefined>;
};

const collectEveryMs = 60 * 60 * 1000;

/** Resolves when requests are answered. Rejects with {@link ScriptFailure} when something a person can mend is in the way. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { root, host, port, state, quotaBytes, say } = options;
  const configs = withQuota(readWorkers(root), quotaBytes);
  await using stack = new AsyncDisposableStack();
  stack.use(claimState(state));
  await requireFreePort(host, port);

  const [, { built }, bucketCode] = await Promise.all([buildWorkers(root), buildWeb(root), bundleBucket()]);
  if (built) say("built the web app");
  // Its process would stay as long as the server.
  await stopBundler();
  const secrets = readSecrets(state, [...new Set([...configs.api.secrets.required, ...configs.gc.secrets.required])]);
  const workers: [LocalWorker, LocalWorker] = [await load(root, "api", configs.api, secrets), await load(root, "gc", configs.gc, secrets)];
  const temporary = join(state, "tmp");
  mkdirSync(temporary, { recursive: true });

  let guard: Disposable | undefined;
  const renewGuard = () => {
    guard?.[Symbol.dispose]();
    guard = guardAgainstOrphans();
  };
  const miniflare = new Miniflare({
    ...miniflareOptions(workers, { socket: { host, port }, storage: join(state, "storage"), temporary, bucketCode }),
    // Miniflare starts a workerd that crashed anew.
    unsafeHandleRuntimeRestart: renewGuard,
  });
  stack.defer(() => guard?.[Symbol.dispose]());
  stack.defer(() => miniflare.dispose());
  await miniflare.ready;
  renewGuard();
  const applied = await migrate(miniflare, configs.api);
  if (applied > 0) say(`migrations applied: ${applied}`);

  const collect = (kind: RunKind = "collect") => runCollector(miniflare, configs.gc, kind);
  const lastRun = async () => readLastRun(await miniflare.getD1Database("DIRECTORY", configs.api.name));
  stack.use(await openDoor({ state, collect, lastRun, say }));
  const timer = setInterval(() => {
    collect().catch((error: unknown) => say(`the collector failed, and runs again in an hour: ${String(error)}`));
  }, collectEveryMs);
  stack.defer(() => clearInterval(timer));

  const url = await miniflare.unsafeGetDirectURL(configs.api.name);
  const owned = stack.move();
  return {
    url: `http://${host === "127.0.0.1" ? "localhost" : host}:${url.port}`,
    collect,
    lastRun,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function withQuota({ api, gc }: ReturnType<typeof readWorkers>, quotaBytes: string | undefined): Record<WorkerName, WorkerConfig> {
  return quotaBytes === undefined ? { api, gc } : { api: { ...api, vars: { ...api.vars, QUOTA_BYTES: quotaBytes } }, gc };
}

async function load(root: string, name: WorkerName, config: WorkerConfig, secrets: Readonly<Record<string, string>>): Promise<LocalWorker> {
  const file = bundleFileOf(root, name);
  const code = await readFile(file, "utf8");
  const wasm = await readWasmModules(file, code);
  return { config, code, wasm, secrets: Object.fromEntries(config.secrets.required.map((key) => [key, secrets[key] ?? ""])) };
}

/** All databases at once. They are those of the API Worker; the collector names a part of the same. */
async function migrate(miniflare: Miniflare, config: WorkerConfig): Promise<number> {
  const counts = await Promise.all(
    config.databases.map(async (database) => applyMigrations(await miniflare.getD1Database(database.binding, config.name), database)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** workerd runs no crons by itself. The collector takes other runs by a name in place of the cron. */
async function runCollector(miniflare: Miniflare, config: WorkerConfig, kind: RunKind): Promise<void> {
  const worker = await miniflare.getWorker(config.name);
  for (const cron of kind === "collect" ? config.triggers.crons : [kind]) {
    const { outcome } = await worker.scheduled({ cron });
    if (outcome !== "ok") throw new ScriptFailure(`the scheduled handler of ${config.name} ended with ${outcome}`);
  }
}

/** Asked beforehand, because workerd's own complaint names no port and its process has to be torn down again. */
async function requireFreePort(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => probe.once("error", reject).listen({ host, port, exclusive: true }, resolve));
  } catch (error) {
    const why = error instanceof Error && "code" in error ? error.code : undefined;
    if (why === "EADDRINUSE")
      throw new ScriptFailure(`Port ${port} is taken by another program. Stop it, or set PORT to another one.`, { cause: error });
    throw new ScriptFailure(`The server cannot listen on ${host}:${port}: ${String(error)}`, { exitCode: 2, cause: error });
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}
