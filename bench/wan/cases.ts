/** What is done to A: each case prepares what takes time, and then changes the folder in an instant. */
import { copyFile, mkdir, open, readdir, rename, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { copyBeside, insertAtHead, overwrite } from "../../test/e2e/support/edits.ts";
import { jsonRecords } from "../../test/e2e/support/json-records.ts";
import type { Random } from "../../test/e2e/support/random.ts";
import type { Change } from "./session.ts";

const MiB = 1024 * 1024;
const partFolders = 5;
const filesPerFolder = 100;

export type Place = { readonly a: string; readonly b: string; readonly aside: string; readonly random: Random };

export type Prepared = Change & {
  /** What has to travel at least: of content that no other file of A has, compressed as zstd's level 3 does. */
  readonly bytes: number;
};

export type Case = {
  readonly name: string;
  readonly prepare: (place: Place) => Promise<Prepared>;
  /** Where it makes a difference only to who sends less than the whole file: the case that it is like to others. */
  readonly asWhole?: string;
};

export function casesOf(scale: number): Case[] {
  const large = Math.max(1, Math.round(256 * scale)) * MiB;
  const json = Math.max(1, Math.round(64 * scale)) * MiB;
  const inPart = Math.max(2, Math.round(20 * scale)) * filesPerFolder;
  const small = inPart * partFolders;
  const asWhole = "100 bytes overwritten in its middle";
  const deleted = inPart / 2;
  return [
    { name: `new file of ${large / MiB} MiB`, prepare: (place) => newLarge(place, large) },
    { name: asWhole, prepare: (place) => overwritten(place, Math.floor(large / 2)) },
    { name: "100 bytes put in at its head", prepare: inserted, asWhole },
    { name: "1 MiB put at its end", prepare: appended, asWhole },
    { name: "touch of the large file", prepare: touched },
    { name: `new ${json / MiB} MiB of JSON`, prepare: (place) => newJson(place, json) },
    { name: `copy of a file of ${json / MiB} MiB`, prepare: (place) => copied(place, json) },
    { name: `${small.toLocaleString("en")} new files of 2 to 8 KB`, prepare: (place) => newSmall(place, inPart / filesPerFolder) },
    { name: `folder of ${inPart.toLocaleString("en")} files renamed`, prepare: renamed },
    { name: `${deleted.toLocaleString("en")} files deleted`, prepare: (place) => removed(place, deleted / filesPerFolder) },
  ];
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? -1;
const isThere = async (path: string): Promise<boolean> => (await sizeOf(path)) >= 0;

async function newLarge({ a, aside, random }: Place, size: number): Promise<Prepared> {
  {
    await using file = await open(aside, "w");
    for (let at = 0; at < size; at += 16 * MiB) await file.write(random.bytes(Math.min(16 * MiB, size - at)));
  }
  return {
    bytes: size,
    make: () => rename(aside, join(a, "large")),
    arrived: async (folder) => (await sizeOf(join(folder, "large"))) === size,
  };
}

async function newSmall({ a, aside, random }: Place, foldersInPart: number): Promise<Prepared> {
  let bytes = 0;
  const folders: string[] = [];
  for (let part = 0; part < partFolders; part++) {
    for (let index = 0; index < foldersInPart; index++) {
      const folder = join(`part ${part}`, `folder ${index}`);
      await mkdir(join(aside, folder), { recursive: true });
      folders.push(folder);
      for (let file = 0; file < filesPerFolder; file++) {
        const content = random.bytes(random.integer(2000, 8000));
        bytes += content.length;
        await writeFile(join(aside, folder, `file ${file}.bin`), content);
      }
    }
  }
  let whole = 0;
  return {
    bytes,
    make: () => rename(aside, join(a, "small")),
    // Those that were whole are not looked at again.
    async arrived(root) {
      for (let folder = folders[whole]; folder !== undefined && (await isWhole(join(root, "small", folder))); folder = folders[whole])
        whole++;
      return whole === folders.length;
    },
  };
}

async function isWhole(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^file \d+\.bin$/.test(name)).length === filesPerFolder;
}

async function overwritten({ a, random }: Place, at: number): Promise<Prepared> {
  const bytes = random.bytes(100);
  return {
    bytes: bytes.length,
    make: () => overwrite(join(a, "large"), at, bytes),
    arrived: (folder) => holds(join(folder, "large"), at, bytes),
  };
}

async function inserted({ a, aside, random }: Place): Promise<Prepared> {
  const bytes = random.bytes(100);
  await copyFile(join(a, "large"), `${aside}.old`);
  await insertAtHead(`${aside}.old`, aside, bytes);
  return {
    bytes: bytes.length,
    make: () => rename(`${aside}.old`, join(a, "large")),
    arrived: (folder) => holds(join(folder, "large"), 0, bytes),
  };
}

async function appended({ a, random }: Place): Promise<Prepared> {
  const bytes = random.bytes(MiB);
  const at = await sizeOf(join(a, "large"));
  return {
    bytes: bytes.length,
    make: () => overwrite(join(a, "large"), at, bytes),
    arrived: (folder) => holds(join(folder, "large"), at, bytes),
  };
}

async function newJson({ a, aside, random }: Place, size: number): Promise<Prepared> {
  const bytes = jsonRecords(random, size);
  await writeFile(aside, bytes);
  return {
    bytes: zstdCompressSync(bytes).length,
    make: () => rename(aside, join(a, "records.json")),
    arrived: async (folder) => (await sizeOf(join(folder, "records.json"))) === size,
  };
}

async function copied({ a, aside }: Place, size: number): Promise<Prepared> {
  return {
    bytes: 0,
    make: () => copyBeside(join(a, "records.json"), aside, join(a, "copy.json")),
    arrived: async (folder) => (await sizeOf(join(folder, "copy.json"))) === size,
  };
}

async function renamed({ a }: Place): Promise<Prepared> {
  return {
    bytes: 0,
    make: () => rename(join(a, "small", "part 0"), join(a, "small", "renamed")),
    async arrived(folder) {
      if (await isThere(join(folder, "small", "part 0"))) return false;
      const folders = await readdir(join(a, "small", "renamed"));
      const counts = await Promise.all(
        folders.map(async (name) => (await readdir(join(folder, "small", "renamed", name)).catch(() => [])).length),
      );
      return counts.every((count) => count === filesPerFolder);
    },
  };
}

async function touched({ a }: Place): Promise<Prepared> {
  const at = new Date(1_600_000_000_000);
  return {
    bytes: 0,
    make: () => utimes(join(a, "large"), at, at),
    arrived: async (folder) => (await stat(join(folder, "large"))).mtimeMs === at.getTime(),
    isTouch: true,
  };
}

async function removed({ a, aside }: Place, folders: number): Promise<Prepared> {
  await mkdir(aside, { recursive: true });
  const names = Array.from({ length: folders }, (_, index) => `folder ${index}`);
  return {
    bytes: 0,
    async make() {
      for (const name of names) await rename(join(a, "small", "part 1", name), join(aside, name));
    },
    async arrived(folder) {
      const left = await Promise.all(names.map((name) => isThere(join(folder, "small", "part 1", name))));
      return !left.includes(true);
    },
  };
}

async function holds(path: string, at: number, bytes: Buffer): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  await using handle = file;
  const piece = Buffer.alloc(bytes.length);
  const { bytesRead } = await handle.read(piece, 0, piece.length, at);
  return bytesRead === bytes.length && piece.equals(bytes);
}
