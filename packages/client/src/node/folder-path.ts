import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, isAbsolute, sep } from "node:path";
import { codeOf } from "./error-code.ts";
import type { RegisteredFolder } from "./home.ts";

/**
 * The path without symbolic links, also of a folder that is not there (yet, or any more): then as far as it exists, so
 * that a known folder that vanished is still recognised by its path.
 */
export async function realFolderPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    const parent = dirname(absolute);
    const code = codeOf(error);
    if ((code !== "ENOENT" && code !== "ENOTDIR") || parent === absolute) throw error;
    return join(await realFolderPath(parent), basename(absolute));
  }
}

/** The synced folder that the path is, or lies in; the innermost one. */
export function folderAround(folders: readonly RegisteredFolder[], path: string): RegisteredFolder | undefined {
  return folders.filter((folder) => isAtOrBelow(path, folder.path)).toSorted((a, b) => b.path.length - a.path.length)[0];
}

/** A synced folder inside of another would be synced twice: the other one that is in the way. */
export function overlapping<Folder extends { readonly path: string }>(folders: readonly Folder[], path: string): Folder | undefined {
  return folders.find((folder) => folder.path !== path && (isAtOrBelow(path, folder.path) || isAtOrBelow(folder.path, path)));
}

function isAtOrBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
