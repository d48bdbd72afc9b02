import { signOut } from "@ashlar/client/edge/account";
import { openConnection } from "@ashlar/client/node/connection";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { currentAccount } from "../signed-in.ts";
import type { World } from "../world.ts";

export async function logout(world: World): Promise<ExitCode> {
  const home = await world.openHome();
  const account = await currentAccount(home);
  await using connection = openConnection(home, account);
  await signOut(connection.call, connection.sessions);
  world.openTerminal({ json: false }).say(`Signed out of ${account.server}. Synced folders stay as they are on this disk.`);
  return exitCodes.done;
}
