/** WebAssembly that a Worker imports: a module of its own beside the bundle, under the name that wrangler gives it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Plugin } from "esbuild";

export type WasmModule = { readonly name: string; readonly contents: Uint8Array };

/** Leaves the imports in the bundle, and lists what they name. */
export function collectWasm(into: WasmModule[]): Plugin {
  const ours = Symbol("resolved by us");
  return {
    name: "wasm-modules",
    setup(build) {
      build.onResolve({ filter: /\.wasm$/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
        if (pluginData === ours) return undefined;
        const resolved = await build.resolve(path, { kind, resolveDir, importer, pluginData: ours });
        if (resolved.errors.length > 0) return { errors: resolved.errors };
        const contents = await readFile(resolved.path);
        const name = `./${createHash("sha1").update(contents).digest("hex")}-${basename(path)}`;
        if (into.every((module) => module.name !== name)) into.push({ name, contents });
        return { path: name, external: true };
      });
    },
  };
}

/** The modules that a bundle imports, from where it lies. */
export async function readWasmModules(bundleFile: string, code: string): Promise<WasmModule[]> {
  const names = new Set(Array.from(code.matchAll(/^import .* from "\.\/([0-9a-f]{40}-[^"]+\.wasm)";$/gm), ([, name]) => name ?? ""));
  return Promise.all([...names].map(async (name) => ({ name, contents: await readFile(join(dirname(bundleFile), name)) })));
}
