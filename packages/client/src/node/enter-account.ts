import { randomBytes } from "node:crypto";
import type { Credentials } from "@ashlar/shared/protocol/account";
import { signIn, signUp } from "../edge/account.ts";
import { createCaller } from "../edge/caller.ts";
import { systemClock } from "./clock.ts";
import type { Account, Home } from "./home.ts";
import { openHttp } from "./http.ts";

/**
 * Signs in, or up, and makes the account the home's current one. `server` is an origin. Rejects with ProblemError
 * (`wrong-credentials`, `email-taken`, ...) or UnreachableError, and has then stored nothing.
 */
export async function enterAccount(
  home: Home,
  server: string,
  credentials: Credentials,
  { register }: { register: boolean },
): Promise<Account> {
  await using http = openHttp(new URL(server));
  const call = createCaller({ http, clock: systemClock, random: randomBytes });
  const session = await (register ? signUp : signIn)(call, credentials);
  const account = { server, email: credentials.email, deviceName: credentials.device, session };
  await home.enter(account);
  return account;
}
