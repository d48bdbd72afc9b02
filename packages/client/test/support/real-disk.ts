import { join } from "node:path";
import { openDisk } from "../../src/node/disk.ts";
import type { Disk, Expected, RelativePath, Stat } from "../../src/ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const bytes = (text: string) => new TextEncoder().encode(text);

export async function place(
  disk: Disk,
  path: RelativePath,
  text: string,
  expected: Expected,
  more: { mode?: number; mtimeMs?: number } = {},
): Promise<Stat> {
  await using draft = await disk.draft();
  await draft.write(bytes(text), 0);
  return await draft.place(path, { mode: more.mode ?? 0o644, mtimeMs: more.mtimeMs ?? 1_700_000_000_123, size: text.length, expected });
}

export async function statOf(disk: Disk, path: RelativePath): Promise<Stat> {
  const stat = await disk.stat(path);
  if (stat === undefined) throw new Error(`nothing at ${path}`);
  return stat;
}

export async function opened() {
  const folder = await temporaryFolder();
  const at = (path: string) => join(folder.path, path);
  return { disk: openDisk(folder.path), root: folder.path, at, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

export const refused = (code: string) => ({ name: "DiskError", code });
