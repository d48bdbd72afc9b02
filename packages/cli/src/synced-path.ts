/** PATH: relative to the synced folder, or a path inside it. */
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import type { HistoryEdge } from "@ashlar/client/edge/history";
import { folderAround, realFolderPath } from "@ashlar/client/node/folder-path";
import type { Account, Home } from "@ashlar/client/node/home";
import type { Found } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { FailedError, UsageError } from "./exit-code.ts";
import { accountFor, currentAccount } from "./signed-in.ts";
import { printable } from "./terminal.ts";

export type MeantPath = {
  /** Whose files it is among. */
  readonly account: Account;
  /** What it can mean on the server, the likelier first; "" is everything. */
  readonly paths: readonly string[];
};

export async function meantPath(home: Home, path: string, cwd: string): Promise<MeantPath> {
  const folders = await home.folders();
  const whole = await realFolderPath(resolve(cwd, path));
  // A symbolic link at the end is meant itself, and not what it leads to, unless it leads to the folder.
  const real = folders.some((folder) => folder.path === whole) ? whole : await withoutLast(resolve(cwd, path));
  const around = folderAround(folders, real);
  const fromRoot = isAbsolute(path) ? undefined : rootRelative(path);
  if (around !== undefined) {
    const here = onServer(relative(around.path, real));
    const paths = fromRoot === undefined || fromRoot === here ? [here] : [here, fromRoot];
    return { account: await accountFor(home, around.path, cwd), paths };
  }
  if (fromRoot === undefined) throw new UsageError(`${printable(path)} is not in a synced folder.`);
  return { account: await currentAccount(home), paths: [fromRoot] };
}

async function withoutLast(path: string): Promise<string> {
  return join(await realFolderPath(dirname(path)), basename(path));
}

/** Undefined for a path that leads out of the folder. */
function rootRelative(path: string): string | undefined {
  const way = posix.normalize(onServer(path)).replace(/\/$/, "");
  if (way === "..") return undefined;
  return way.startsWith("../") ? undefined : way.replace(/^\.$/, "");
}

const onServer = (path: string): string => path.split(sep).join("/").normalize("NFC");

/** What is, or was last, at the path that is meant. */
export async function findMeant(history: Pick<HistoryEdge, "find">, { paths }: MeantPath): Promise<Found & { readonly path: string }> {
  for (const path of paths) {
    try {
      return { ...(await history.find(path)), path };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== "not-found") throw error;
    }
  }
  throw new FailedError(
    `There is nothing called ${printable(paths[0] ?? "")} on the server, and nothing of it in the trash. \`ashlar trash\` lists what was deleted.`,
  );
}
