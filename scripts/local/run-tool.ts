import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ScriptFailure } from "./failure.ts";
import { root } from "./root.ts";

/** What a tool of node_modules/.bin printed, under this Node; it rejects nothing: see the exit code. */
export type ToolResult = { readonly code: number; readonly output: string };

const outputBytesMax = 64 * 1024 * 1024;

/** Runs a tool in the repository with its output on this terminal. Throws {@link ScriptFailure} when it fails. */
export function runTool(tool: string, args: readonly string[]): void {
  const { status, error } = spawnSync(process.execPath, [join(root, "node_modules/.bin", tool), ...args], { cwd: root, stdio: "inherit" });
  if (error) throw new ScriptFailure(`${tool} did not start: ${error.message}`, { cause: error });
  if (status !== 0) throw new ScriptFailure(`${tool} ${args.join(" ")} failed (exit code ${status}).`);
}

/** Runs a tool in the given folder and keeps what it prints. */
export function readTool(tool: string, args: readonly string[], cwd = root): ToolResult {
  const command = [join(root, "node_modules/.bin", tool), ...args];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, command, { cwd, encoding: "utf8", maxBuffer: outputBytesMax });
  if (error) throw new ScriptFailure(`${tool} did not start: ${error.message}`, { cause: error });
  return { code: status ?? 1, output: stdout + stderr };
}
