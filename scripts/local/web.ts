/** The web app's files in `dist/web`, by vite. A build takes seconds, and only a change needs one. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { ScriptFailure } from "./failure.ts";
import { readTool } from "./run-tool.ts";

export type WebBuild = { readonly folder: string; readonly built: boolean };

/** What the app's files come from; what is built or installed below them does not count. */
const sources = ["web", "packages/shared/src", "packages/shared/wasm", "packages/client/src", "package-lock.json"];
const ignored = new Set(["node_modules", "dist"]);

/** Builds the app unless the files that are there come from the same sources. A tree without a web app gets an empty folder. */
export async function buildWeb(root: string): Promise<WebBuild> {
  const folder = join(root, "dist/web");
  if (!existsSync(join(root, "web/vite.config.ts"))) {
    await mkdir(folder, { recursive: true });
    return { folder, built: false };
  }
  const stamp = `${folder}.stamp`;
  const wanted = await sourceHash(root);
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted && existsSync(join(folder, "index.html"))) return { folder, built: false };
  await compile(root, folder);
  await writeFile(stamp, wanted);
  return { folder, built: true };
}

async function sourceHash(root: string): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of await filesBelow(join(root, source))) hash.update(`\0${relative(root, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex");
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return existsSync(path) ? [path] : [];
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files
    .filter(
      (file) =>
        !relative(path, file)
          .split(sep)
          .some((part) => ignored.has(part)),
    )
    .toSorted();
}

/** Beside, then renamed into place: tests and servers start side by side, and one of them may be reading what is there. */
async function compile(root: string, folder: string): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  const old = `${fresh}.old`;
  try {
    const { code, output } = readTool("vite", ["build", "web", "--outDir", fresh, "--emptyOutDir", "--logLevel", "warn"], root);
    if (code !== 0) throw new ScriptFailure(`The web app cannot be built:\n${output.trim()}`);
    await rename(folder, old).catch(() => undefined);
    await rename(fresh, folder).catch(unlessThere);
  } finally {
    await Promise.all([fresh, old].map((leftover) => rm(leftover, { recursive: true, force: true })));
  }
}

/** Another process has just put its own build there. */
function unlessThere(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOTEMPTY")) throw error;
}
