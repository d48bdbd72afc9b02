/** A throw-away copy of the repository, to plant violations in. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** Copies what git knows or would add; the installed packages are linked, those of our own to the copy. */
export function copyRepository(root: string): Disposable & { readonly folder: string } {
  // macOS and others link their temporary folder: tools print the real path.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ashlar-fences-")));
  for (const file of filesOf(root)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  linkPackages(root, folder);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Every file that is part of the repository and exists, committed or not. */
export function filesOf(root: string): string[] {
  const list = (...options: string[]): string[] =>
    execFileSync("git", ["ls-files", "-z", ...options], { cwd: root, encoding: "utf8" })
      .split("\0")
      .filter(Boolean);
  const deleted = new Set(list("--deleted"));
  return [...new Set(list("--cached", "--others", "--exclude-standard"))].filter((file) => !deleted.has(file));
}

function linkPackages(root: string, folder: string): void {
  const installed = join(root, "node_modules");
  const ours = "@ashlar";
  mkdirSync(join(folder, "node_modules", ours), { recursive: true });
  for (const name of readdirSync(installed).filter((entry) => entry !== ours))
    symlinkSync(join(installed, name), join(folder, "node_modules", name));
  for (const name of readdirSync(join(installed, ours))) {
    const place = relative(realpathSync(root), realpathSync(join(installed, ours, name)));
    symlinkSync(join(folder, place), join(folder, "node_modules", ours, name));
  }
}
