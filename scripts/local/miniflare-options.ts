/** The Workers' configuration in the form that Miniflare takes. */
import { Log, LogLevel, type MiniflareOptions } from "miniflare";
import { bucketBinding } from "./bucket/binding.ts";
import type { WasmModule } from "./wasm-modules.ts";
import type { WorkerConfig } from "./wrangler-config.ts";

type MiniflareWorker = MiniflareOptions["workers"][number];
type Bindings = NonNullable<MiniflareWorker["config"]["env"]>;

export type LocalWorker = {
  readonly config: WorkerConfig;
  /** The bundle's text. */
  readonly code: string;
  readonly wasm: readonly WasmModule[];
  readonly secrets: Readonly<Record<string, string>>;
};

export type Socket = { readonly host: string; readonly port: number };

/**
 * The fast way: requests go straight to the first Worker's own socket. Miniflare's entry Worker in front of it copies
 * every request and costs four fifths of the request rate; the explorer, the trace store and the request log cost the rest.
 */
export function miniflareOptions(
  workers: readonly [LocalWorker, ...LocalWorker[]],
  options: { socket: Socket; storage: string; temporary: string; bucketCode: string },
): MiniflareOptions {
  return {
    host: "127.0.0.1",
    port: 0,
    log: new Log(LogLevel.WARN),
    logRequests: false,
    cf: false,
    telemetry: { enabled: false },
    unsafeLocalExplorer: false,
    unsafeObservability: false,
    unsafeTriggerHandlers: false,
    resourcePersistencePath: options.storage,
    resourceTmpPath: options.temporary,
    workers: [
      ...workers.map((worker, index) => ({
        config: {
          name: worker.config.name,
          compatibilityDate: worker.config.compatibility_date,
          compatibilityFlags: worker.config.compatibility_flags,
          manifest: { mainModule: "index.js", modules: modulesOf(worker) },
          env: bindingsOf(worker, options.bucketCode),
          exports: Object.fromEntries(
            worker.config.classes.map((name) => [name, { type: "durable-object" as const, storage: "sqlite" as const }]),
          ),
        },
        dev: index === 0 ? { unsafeDirectSockets: [options.socket] } : {},
      })),
      ...workers.flatMap(({ config }) => (config.assets === undefined ? [] : [filesWorker(config, config.assets.folder)])),
    ],
  };
}

const filesOf = ({ name }: WorkerConfig): string => `${name}-files`;

/**
 * Files as a service beside their Worker: as part of it, they would put their router in front of every request, at two thirds of
 * the request rate. The Worker asks for what is not below `/v1/` itself.
 */
function filesWorker(config: WorkerConfig, directory: string): MiniflareWorker {
  const contents = "export default { fetch: (request, env) => env.FILES.fetch(request) };";
  return {
    config: {
      name: filesOf(config),
      compatibilityDate: config.compatibility_date,
      compatibilityFlags: [],
      manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents } } },
      env: { FILES: { type: "assets" } },
      assets: { directory, notFoundHandling: "none", hasUserWorker: true, runWorkerFirst: true },
    },
  };
}

function modulesOf({ code, wasm }: LocalWorker) {
  return {
    "index.js": { type: "esm" as const, contents: code },
    ...Object.fromEntries(wasm.map(({ name, contents }) => [name, { type: "wasm" as const, contents }])),
  };
}

/** The bucket is on this disk: a cache beside it would write every block a second time. */
function localised(vars: Readonly<Record<string, string>>): Record<string, string> {
  return "EDGE_CACHE" in vars ? { ...vars, EDGE_CACHE: "off" } : vars;
}

function bindingsOf({ config, secrets }: LocalWorker, bucketCode: string): Bindings {
  return Object.fromEntries<Bindings[string]>([
    ...config.r2_buckets.map(({ binding, bucket_name }) => [binding, bucketBinding(bucket_name, bucketCode)] as const),
    // Databases without an id are told apart by name, as a deploy does: two Workers that name the same one share it.
    ...config.databases.map(({ binding, name }) => [binding, { type: "d1", id: name }] as const),
    ...config.durable_objects.bindings.map(
      ({ name, class_name, script_name }) =>
        [name, { type: "durable-object", worker: script_name ?? config.name, exportName: class_name }] as const,
    ),
    ...config.ratelimits.map(({ name, namespace_id, simple }) => [name, { type: "rate-limit", namespace: namespace_id, simple }] as const),
    ...(config.assets === undefined ? [] : [[config.assets.binding, { type: "worker", worker: filesOf(config) }] as const]),
    ...Object.entries({ ...localised(config.vars), ...secrets }).map(([name, value]) => [name, { type: "text", value }] as const),
  ]);
}
