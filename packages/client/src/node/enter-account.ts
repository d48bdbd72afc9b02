import { randomBytes } from "node:crypto";
import type { Credentials } from "@ashlar/shared/protocol/account";
import { askForCode, awaitCode, signIn, signUp } from "../edge/account.ts";
import { shownUserCode, userCodeSchema } from "@ashlar/shared/protocol/device-code";
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

/** What a person has to do: open the page, and compare the code. */
export type Link = { readonly url: string; readonly code: string; readonly expiresAt: number };

/**
 * Signs in through a browser: `show` is told the page and the code, and the account is the current one when a person has approved it
 * there. Rejects with ProblemError `access-denied` or `code-expired`, with UnreachableError or the signal's reason, and has then stored nothing.
 */
export async function enterByBrowser(
  home: Home,
  server: string,
  deviceName: string,
  show: (link: Link) => void,
  signal?: AbortSignal,
): Promise<Account> {
  await using http = openHttp(new URL(server));
  const call = createCaller({ http, clock: systemClock, random: randomBytes });
  const asked = await askForCode(call, deviceName);
  // Whatever name the server knows itself by, and whatever it sends: the page is on the server that was named, and the code is only letters.
  const code = shownUserCode(userCodeSchema.parse(asked.userCode));
  show({ url: `${server}/link?code=${code}`, code, expiresAt: asked.expiresAt });
  const { email, ...session } = await awaitCode(call, asked, systemClock, signal);
  const account = { server, email, deviceName, session };
  await home.enter(account);
  return account;
}
