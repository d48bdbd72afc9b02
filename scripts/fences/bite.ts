/** Proof that the fences hold: in a copy of the repository each is run against, and the compiler or linter has to say so. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readTool } from "../local/run-tool.ts";
import type { Violation } from "./violations.ts";

export type Complaint = { readonly file: string; readonly rule: string };

/** The violations that nobody refused, among those planted in the copy at `folder`. */
export function unrefused(folder: string, violations: readonly Violation[]): Violation[] {
  for (const { file, code } of violations) plant(join(folder, file), code);
  const complaints = new Set([...compile(folder), ...lint(folder)].map(({ file, rule }) => `${file} ${rule}`));
  return violations.filter(({ file, refusedBy }) => !complaints.has(`${file} ${refusedBy}`));
}

function plant(file: string, code: string): void {
  if (existsSync(file)) throw new Error(`${file} exists already`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${code}\n`);
}

function compile(folder: string): Complaint[] {
  const lines = readTool("tsc", ["-b", "--pretty", "false"], folder).output.split("\n");
  return lines.flatMap((line) => {
    const [, file, rule] = /^(\S+?)\(\d+,\d+\): error (TS\d+)/.exec(line) ?? [];
    return file !== undefined && rule !== undefined ? [{ file, rule }] : [];
  });
}

function lint(folder: string): Complaint[] {
  const lines = readTool("oxlint", ["--type-aware", "--format", "unix"], folder).output.split("\n");
  return lines.flatMap((line) => {
    const [, file, rule] = /^(.+?):\d+:\d+: .* \[\w+\/(.+)\]$/.exec(line) ?? [];
    return file !== undefined && rule !== undefined ? [{ file, rule }] : [];
  });
}
