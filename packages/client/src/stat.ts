import type { Expected, Stat } from "./ports.ts";

/**
 * Whether what stands at a path is still what it was. A folder's size and times change with what happens inside it, so
 * a folder is compared by identity and mode only.
 */
export function meets(actual: Stat | undefined, expected: Expected): boolean {
  if (expected === "absent") return actual === undefined;
  if (actual === undefined || actual.kind !== expected.kind || actual.inode !== expected.inode) return false;
  if (expected.kind === "folder") return actual.mode === expected.mode;
  return actual.size === expected.size && actual.mtimeNs === expected.mtimeNs && actual.ctimeNs === expected.ctimeNs;
}
