/** Bundles the Workers as wrangler would: one ES module each, its WebAssembly beside it, with the platform's own modules left out. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, type BuildFailure } from "esbuild";
import { buildDeltaModule } from "./delta-module.ts";
import { ScriptFailure } from "./failure.ts";
import { root as repository } from "./root.ts";
import { collectWasm, type WasmModule } from "./wasm-modules.ts";
import { bundleFileOf, readWorkers, workerNames } from "./workers.ts";
import type { WorkerConfig } from "./wrangler-config.ts";

export type Bundle = { readonly file: string; readonly bytes: number; readonly changed: boolean };

/**
 * Builds both Workers into `dist/`. It always builds, rather than compare times of files: a whole build takes a
 * fraction of a second, and a stale bundle costs an afternoon. A bundle that came out the same is not written.
 */
export async function buildWorkers(root: string): Promise<Bundle[]> {
  const workers = readWorkers(root);
  await buildDeltaModule(repository);
  return awake(() => Promise.all(workerNames.map((name) => buildWorker(workers[name], bundleFileOf(root, name)))));
}

/** The text of the local bucket's Worker, which is the same for every tree. */
export async function bundleBucket(): Promise<string> {
  const folder = join(import.meta.dirname, "bucket/worker");
  const { text } = await awake(() => bundle({ main: join(folder, "index.ts"), folder }, ["miniflare-bucket"]));
  return text;
}

/** esbuild's process holds nobody up: a caller with nothing else to wait for, such as a test's configuration, would end in silence. */
async function awake<Result>(work: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(() => undefined, 60_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function buildWorker(worker: WorkerConfig, file: string): Promise<Bundle> {
  const { text, modules } = await bundle(worker);
  // Before the code that imports them.
  for (const { name, contents } of modules) await writeChanged(join(dirname(file), name), contents);
  return { file, bytes: Buffer.byteLength(text), changed: await writeChanged(file, Buffer.from(text)) };
}

async function writeChanged(file: string, contents: Uint8Array): Promise<boolean> {
  const known = await readFile(file).catch(() => undefined);
  if (known?.equals(contents) === true) return false;
  await mkdir(dirname(file), { recursive: true });
  // Renamed into place, because another process may be reading it: tests start servers side by side.
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, contents);
  await rename(beside, file);
  return true;
}

async function bundle(
  { main, folder }: Pick<WorkerConfig, "main" | "folder">,
  external: readonly string[] = [],
): Promise<{ text: string; modules: readonly WasmModule[] }> {
  const modules: WasmModule[] = [];
  try {
    const { outputFiles } = await build({
      entryPoints: [main],
      // The names of modules in the output are relative to it, as wrangler has them.
      absWorkingDir: folder,
      write: false,
      bundle: true,
      plugins: [collectWasm(modules)],
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      mainFields: ["browser", "module", "main"],
      external: ["node:*", "cloudflare:*", ...external],
      define: { "process.env.NODE_ENV": '"production"', "navigator.userAgent": '"Cloudflare-Workers"' },
      sourcemap: "inline",
      sourcesContent: false,
      keepNames: true,
      logLevel: "silent",
    });
    return { text: outputFiles[0]?.text ?? "", modules };
  } catch (error) {
    throw new ScriptFailure(`${main} cannot be built:\n${describe(error)}`, { cause: error });
  }
}

function describe(error: unknown): string {
  if (!isBuildFailure(error)) return String(error);
  return error.errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text)).join("\n");
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
