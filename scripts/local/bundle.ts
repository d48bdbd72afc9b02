/** Bundles the Workers as wrangler would: one ES module each, with the platform's own modules left out. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { build, stop, type BuildFailure } from "esbuild";
import { ScriptFailure } from "./failure.ts";
import { bundleFileOf, readWorkers, workerNames } from "./workers.ts";
import type { WorkerConfig } from "./wrangler-config.ts";

export type Bundle = { readonly file: string; readonly bytes: number; readonly changed: boolean };

/**
 * Builds both Workers into `dist/`. It always builds, rather than compare times of files: a whole build takes a
 * fraction of a second, and a stale bundle costs an afternoon. A bundle that came out the same is not written.
 */
export async function buildWorkers(root: string): Promise<Bundle[]> {
  const workers = readWorkers(root);
  try {
    return await Promise.all(workerNames.map((name) => buildWorker(workers[name], bundleFileOf(root, name))));
  } finally {
    // esbuild's process would otherwise stay as long as ours.
    await stop();
  }
}

async function buildWorker(worker: WorkerConfig, file: string): Promise<Bundle> {
  const text = await bundle(worker);
  const bytes = Buffer.byteLength(text);
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return { file, bytes, changed: false };
  await mkdir(dirname(file), { recursive: true });
  // Renamed into place, because another process may be reading it: tests start servers side by side.
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, text);
  await rename(beside, file);
  return { file, bytes, changed: true };
}

async function bundle({ main, folder }: WorkerConfig): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [main],
      // The names of modules in the output are relative to it, as wrangler has them.
      absWorkingDir: folder,
      write: false,
      bundle: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      mainFields: ["browser", "module", "main"],
      external: ["node:*", "cloudflare:*"],
      define: { "process.env.NODE_ENV": '"production"', "navigator.userAgent": '"Cloudflare-Workers"' },
      sourcemap: "inline",
      sourcesContent: false,
      keepNames: true,
      logLevel: "silent",
    });
    return outputFiles[0]?.text ?? "";
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
