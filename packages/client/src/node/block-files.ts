import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blockHashSchema, type BlockHash } from "@ashlar/shared/ids";
import * as z from "zod/mini";
import type { BlockStore } from "../ports.ts";
import { codeOf } from "./error-code.ts";

type Found = { readonly hash: BlockHash; readonly size: number; readonly usedMs: number };

/**
 * One file for each block, named by its hash, for this user's eyes only; its mtime says when it was used last. Not
 * flushed: a block that a power cut has damaged does not hash to its name. Only one process works in the folder.
 */
export function openBlockStore(folder: string): BlockStore {
  const pathOf = (hash: BlockHash) => join(folder, hash);

  async function look(name: string): Promise<Found[]> {
    const hash = z.safeParse(blockHashSchema, name);
    if (!hash.success) {
      // What a crash left half written.
      await rm(join(folder, name), { recursive: true, force: true });
      return [];
    }
    const { size, mtimeMs } = await stat(pathOf(hash.data));
    return [{ hash: hash.data, size, usedMs: mtimeMs }];
  }

  return {
    async list() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const found: Found[] = [];
      for (const name of await readdir(folder)) found.push(...(await look(name)));
      return found.toSorted((one, other) => one.usedMs - other.usedMs);
    },

    async read(hash, into) {
      try {
        if (into === undefined) return await readFile(pathOf(hash));
        await using file = await open(pathOf(hash));
        const { bytesRead } = await file.read(into, 0, into.length, 0);
        return into.subarray(0, bytesRead);
      } catch (error) {
        if (codeOf(error) === undefined) throw error;
        return undefined;
      }
    },

    async write(hash, bytes) {
      const draft = `${pathOf(hash)}.draft`;
      try {
        await writeFile(draft, bytes, { mode: 0o600 });
        await rename(draft, pathOf(hash));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },

    async mark(hash, as) {
      const time = as === "used" ? new Date() : new Date(0);
      await utimes(pathOf(hash), time, time);
    },

    remove: (hash) => rm(pathOf(hash), { force: true }),
  };
}
