import { folderAround, realFolderPath } from "@ashlar/client/node/folder-path";
import type { Home, RegisteredFolder } from "@ashlar/client/node/home";
import { UsageError } from "./exit-code.ts";

/** The folder that is meant: the one given, else the one around the working directory, else all that are known. */
export async function knownFolders(home: Home, dir: string | undefined, cwd: string): Promise<readonly RegisteredFolder[]> {
  const folders = await home.folders();
  if (folders.length === 0) throw new UsageError("No folder is synced on this machine yet: begin with `ashlar sync DIR`.");
  const around = folderAround(folders, await realFolderPath(dir ?? cwd));
  if (around !== undefined) return [around];
  if (dir === undefined) return folders;
  throw new UsageError(`${dir} is not in a synced folder. Synced on this machine: ${folders.map(({ path }) => path).join(", ")}`);
}
