/** The delta codec's WebAssembly, from AssemblyScript. It is not kept in the repository: a build takes some seconds, and only a change needs one. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ScriptFailure } from "./failure.ts";

export type DeltaModule = { readonly file: string; readonly bytes: number; readonly built: boolean };

const run = promisify(execFile);
const options = ["--optimizeLevel", "3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--enable", "simd"];

/** What Node gets for an import of the module, since it would start it instead: the same as a Worker gets. */
const forNode = `import { readFileSync } from "node:fs";
export default new WebAssembly.Module(readFileSync(new URL("delta.wasm", import.meta.url)));
`;

export function deltaModuleFile(root: string): string {
  return join(root, "packages/shared/dist/delta.wasm");
}

/** Builds the module unless the one that is there comes from the same source, compiler and options. */
export async function buildDeltaModule(root: string): Promise<DeltaModule> {
  const folder = join(root, "packages/shared/wasm");
  const file = deltaModuleFile(root);
  const stamp = `${file}.stamp`;
  const wanted = await sourceHash(root, folder);
  const [known, built] = await Promise.all([readFile(stamp, "utf8").catch(() => ""), stat(file).catch(() => undefined)]);
  if (known === wanted && built !== undefined) return { file, bytes: built.size, built: false };
  await mkdir(join(root, "packages/shared/dist"), { recursive: true });
  const bytes = await compile(root, folder);
  await writeWhole(file, bytes);
  await writeWhole(join(root, "packages/shared/dist/delta-node.js"), forNode);
  await writeWhole(stamp, wanted);
  return { file, bytes: bytes.length, built: true };
}

async function sourceHash(root: string, folder: string): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([options, forNode]));
  hash.update(await readFile(join(root, "node_modules/assemblyscript/package.json")).catch(() => ""));
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts")).toSorted();
  for (const name of names) hash.update(`\0${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest("hex");
}

/** In a process of its own: the compiler's types would declare their globals to all of our scripts. */
async function compile(root: string, folder: string): Promise<Uint8Array> {
  const output = join(root, `packages/shared/dist/.delta-${process.pid}.wasm`);
  const compiler = join(root, "node_modules/assemblyscript/bin/asc.js");
  try {
    // The compiler takes an output path as relative to its base.
    const args = [compiler, "index.ts", "--baseDir", folder, "--outFile", relative(folder, output), ...options];
    const { stderr } = await run(process.execPath, args);
    if (stderr !== "") throw new ScriptFailure(`The delta codec's build warns:\n${stderr}`);
    return await readFile(output);
  } catch (error) {
    if (error instanceof ScriptFailure) throw error;
    throw new ScriptFailure(`The delta codec cannot be built:\n${String(error)}`, { cause: error });
  } finally {
    await rm(output, { force: true });
  }
}

/** Renamed into place, because another process may be reading it: tests and servers start side by side. */
async function writeWhole(file: string, contents: string | Uint8Array): Promise<void> {
  const beside = `${file}.${process.pid}`;
  try {
    await writeFile(beside, contents);
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}
