import { readUsage } from "@ashlar/client/edge/usage";
import { openConnection } from "@ashlar/client/node/connection";
import type { Account, Home } from "@ashlar/client/node/home";
import type { Usage } from "@ashlar/shared/protocol/usage";

/** Whoever asks for the status wants it now. */
const patienceMs = 2000;

/** Undefined if the server does not say it at once: it is not what the status is about. */
export async function accountUsage(home: Home, account: Account): Promise<Usage | undefined> {
  try {
    await using connection = openConnection(home, account);
    return await readUsage(connection.call, AbortSignal.timeout(patienceMs));
  } catch {
    return undefined;
  }
}
