import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { RandomBytes, UserId } from "@ashlar/shared/ids";
import { toBase64Url } from "@ashlar/shared/encoding";
import { codeOf } from "./error-code.ts";
import { overlapping, realFolderPath } from "./folder-path.ts";
import type { Home, RegisteredFolder } from "./home.ts";

export type Claim =
  | { type: "known" | "new"; folder: RegisteredFolder }
  /** It was synced before and is not there: its disk may be unmounted. It is never made again (I6). */
  | { type: "vanished"; folder: RegisteredFolder }
  | { type: "overlaps"; other: RegisteredFolder }
  /** The client's own state would be synced along. */
  | { type: "holds-home"; home: string }
  | { type: "not-a-folder"; path: string }
  /** It cannot be looked at, or this level of it is not there and cannot be made; `code` is the system's. */
  | { type: "refused"; path: string; code: string }
  /** A new folder, and nobody is signed in whose it could be. */
  | { type: "no-account" };

/** Which folder a path means, for syncing. Makes and registers a new one; `user` is whose a new one becomes. */
export async function claimFolder(home: Home, options: { path: string; user: UserId | undefined; random: RandomBytes }): Promise<Claim> {
  const seen = await lookAt(options.path);
  if ("code" in seen) return { type: "refused", ...seen };
  const { path, there } = seen;
  const folders = await home.folders();
  const folder = folders.find((known) => known.path === path);
  if (there === "other") return { type: "not-a-folder", path };
  if (folder !== undefined) return { type: there === "absent" ? "vanished" : "known", folder };

  const other = overlapping(folders, path);
  if (other !== undefined) return { type: "overlaps", other };
  const homeDirectory = await realFolderPath(home.directory);
  if (overlapping([{ path: homeDirectory }], path) !== undefined || path === homeDirectory)
    return { type: "holds-home", home: homeDirectory };
  if (options.user === undefined) return { type: "no-account" };

  // Made before it is registered: after a crash in between, it is a new folder still and not a vanished one.
  const refusal = await makeFolders(path);
  if (refusal !== undefined) return { type: "refused", ...refusal };
  const made = { id: toBase64Url(options.random(16)), path, user: options.user };
  await home.register(made);
  return { type: "new", folder: made };
}

/** Surely: a folder that may not be looked at is none that has vanished. */
export async function hasVanished(folder: RegisteredFolder): Promise<boolean> {
  const seen = await lookAt(folder.path);
  return "there" in seen && seen.there !== "folder";
}

async function kindAt(path: string): Promise<"folder" | "other" | "absent"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "absent";
    if (codeOf(error) === "ENOTDIR") return "other";
    throw error;
  }
}

type Refusal = { readonly path: string; readonly code: string };

async function lookAt(given: string): Promise<{ readonly path: string; readonly there: "folder" | "other" | "absent" } | Refusal> {
  try {
    const path = await realFolderPath(given);
    return { path, there: await kindAt(path) };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    return { path: resolve(given), code };
  }
}

/**
 * Level by level: Node's own recursion goes round for ever where the system says of each level that the one above is not there. If one
 * cannot be made, those above it go again.
 */
async function makeFolders(path: string): Promise<Refusal | undefined> {
  const missing: string[] = [];
  for (let level = path; dirname(level) !== level && (await kindAt(level)) === "absent"; level = dirname(level)) missing.unshift(level);
  const made: string[] = [];
  for (const level of missing) {
    try {
      await mkdir(level);
      made.unshift(level);
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      if (code === "EEXIST" && (await kindAt(level)) === "folder") continue;
      for (const above of made) await rmdir(above);
      return { path: level, code };
    }
  }
  return undefined;
}
