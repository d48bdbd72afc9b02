import { isUtf8 } from "node:buffer";
import { type BigIntStats, lstat, lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { type DirEntry, DiskError, type RelativePath, type Stat } from "../ports.ts";
import { attemptAsync, errnoOf } from "./errno.ts";
import { letOthersTurn } from "./event-loop.ts";
import { ownFolder, type Root } from "./root.ts";

/** lstat calls under way at once: more than the thread pool has threads, so that none of them waits for this one. */
const lstatsAtOnce = 16;
/** So many entries are asked about at once; if that takes longer, one is enough to tell, and so many follow by threads. */
const atOnce = 8;
const slowMs = 0.8;
const byThreads = 64;
/** A folder that will not hold still is taken as it is after this many looks; the watcher brings us back to it. */
const looksMax = 3;

/** The entries of one folder, each with its lstat, in no particular order. */
export async function listFolder(root: Root, path: RelativePath): Promise<DirEntry[]> {
  for (let look = 1; ; look++) {
    const before = folderAt(root, path);
    const { entries, complete } = await attemptAsync(path, () => readEntries(root, path));
    const after = folderAt(root, path);
    // readdir is not atomic: a name that changed meanwhile may be missing under both its forms, and would count as deleted (I5).
    const still = before.inode === after.inode && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
    if ((complete && still) || (look === looksMax && before.inode === after.inode)) return entries;
    if (look === looksMax) throw new DiskError("busy", path);
  }
}

function folderAt(root: Root, path: RelativePath): Stat {
  const stat = root.statAt(path, root.guard(path));
  if (stat?.kind === "symlink") throw new DiskError("outside", path);
  if (stat?.kind !== "folder") throw new DiskError("absent", path);
  return stat;
}

const isAscii = (letters: string): boolean => !/[\u0080-\u00FF]/.test(letters);

type Name = { readonly text: string; readonly raw: Buffer | undefined; readonly path: string | Buffer };

async function readEntries(root: Root, path: RelativePath): Promise<{ entries: DirEntry[]; complete: boolean }> {
  const folder = `${root.guard(path)}/`;
  // One letter for each byte: a buffer for each name would cost far more.
  const names = (await readdir(folder, { encoding: "latin1" })).map((bytes) => nameOf(folder, bytes));
  const shown = path === "" ? names.filter(({ text }) => text !== ownFolder) : names;
  const all = await root.inTurn(() => lstatAll(shown));
  const entries: DirEntry[] = [];
  for (const [index, { text, raw }] of shown.entries()) {
    const stats = all[index];
    if (stats === undefined) continue;
    const stat = root.toStat(stats);
    entries.push(raw === undefined ? { name: text, valid: true, stat } : { name: text, valid: false, raw, stat });
  }
  return { entries, complete: entries.length === shown.length };
}

function nameOf(folder: string, letters: string): Name {
  if (isAscii(letters)) return { text: letters, raw: undefined, path: folder + letters };
  const bytes = Buffer.from(letters, "latin1");
  const text = bytes.toString();
  if (isUtf8(bytes)) return { text, raw: undefined, path: folder + text };
  return { text, raw: bytes, path: Buffer.concat([Buffer.from(folder), bytes]) };
}

/**
 * lstat of many paths, undefined for those that are gone. At once, which takes a third of the time of the way to a thread and
 * back (decision 69), as long as the system knows the answers; where it has to ask a disk or a network, by many threads.
 */
async function lstatAll(names: readonly Name[]): Promise<(BigIntStats | undefined)[]> {
  const results: (BigIntStats | undefined)[] = [];
  while (results.length < names.length) {
    const startedMs = performance.now();
    const isSlow = () => performance.now() - startedMs > slowMs;
    for (const { path } of names.slice(results.length, results.length + atOnce)) {
      results.push(lstatSync(path, { bigint: true, throwIfNoEntry: false }));
      if (isSlow()) break;
    }
    if (isSlow()) for (const stats of await lstatByThreads(names.slice(results.length, results.length + byThreads))) results.push(stats);
    else await letOthersTurn();
  }
  return results;
}

/** By callbacks: for 100,000 entries this takes half the time of the same calls as promises (measured). */
function lstatByThreads(names: readonly Name[]): Promise<(BigIntStats | undefined)[]> {
  const { promise, resolve, reject } = Promise.withResolvers<(BigIntStats | undefined)[]>();
  const results: (BigIntStats | undefined)[] = Array.from({ length: names.length });
  let started = 0;
  let finished = 0;
  const next = () => {
    const name = names[started];
    if (name === undefined) return;
    const index = started++;
    lstat(name.path, { bigint: true }, (error, stats) => {
      if (error !== null && errnoOf(error) !== "ENOENT") {
        started = names.length;
        reject(error);
        return;
      }
      results[index] = error === null ? stats : undefined;
      finished++;
      if (finished === names.length) resolve(results);
      else next();
    });
  };
  if (names.length === 0) resolve(results);
  for (let lane = 0; lane < lstatsAtOnce; lane++) next();
  return promise;
}
