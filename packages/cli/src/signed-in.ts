import type { Account, Home } from "@ashlar/client/node/home";
import { FailedError } from "./exit-code.ts";
import { knownFolders } from "./known-folders.ts";

const signIn = "Sign in with `ashlar login --server URL --email ADDRESS`.";

/** The account signed in last. */
export async function currentAccount(home: Home): Promise<Account> {
  const account = await home.currentAccount();
  if (account === undefined) throw new FailedError(`This device is not signed in. ${signIn}`);
  return account;
}

/** The account of the folder given, else the current one. */
export async function accountFor(home: Home, dir: string | undefined, cwd: string): Promise<Account> {
  if (dir === undefined) return currentAccount(home);
  const [folder] = await knownFolders(home, dir, cwd);
  const account = folder && (await home.account(folder.user));
  if (account === undefined) throw new FailedError(`The account that ${dir} belongs to is signed out here. ${signIn}`);
  return account;
}
