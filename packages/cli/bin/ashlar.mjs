#!/usr/bin/env node
// Plain JavaScript that old Nodes understand: it finds a Node that can run the rest (it needs type stripping and node:sqlite).
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v8 from "node:v8";

const wanted = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (major(process.versions.node) >= wanted) {
  // Compiled code from the last time: half of what starting takes. Beside the program, so that whoever could write something
  // else there could as well change the program itself; where nobody may write, nothing is kept.
  module.enableCompileCache(join(here, "..", "node_modules", ".cache", "compiled"));
  // What lives in the heap of a sync of 100,000 files is 40 MB; V8 would let it grow to six times that before it looks. Decision 63.
  v8.setFlagsFromString("--heap-growing-percent=50");
  v8.setFlagsFromString("--semi-space-growth-factor=1");
  await import("../src/main.ts");
} else {
  const node = findNode(here);
  if (node === undefined) {
    process.stderr.write(
      `ashlar: needs Node.js ${wanted} or newer, this is ${process.versions.node}.\n` +
        `Run "npm ci" in the repository, which brings one along, or install Node.js ${wanted}.\n`,
    );
    process.exitCode = 1;
  } else {
    runWith(node);
  }
}

function major(version) {
  return Number(version.replace(/^v/, "").split(".")[0]);
}

/** The Node that npm installed into the nearest node_modules above, if it is new enough. */
function findNode(from) {
  const candidate = join(from, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
  if (existsSync(candidate)) {
    const { status, stdout } = spawnSync(candidate, ["--version"], { encoding: "utf8", shell: process.platform === "win32" });
    if (status === 0 && major(stdout.trim()) >= wanted) return candidate;
  }
  const parent = dirname(from);
  return parent === from ? undefined : findNode(parent);
}

function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // Ctrl-C on a terminal reaches the child by itself: passed on, it would count as the second one.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`ashlar: cannot run ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}
