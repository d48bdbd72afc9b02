import { randomBytes } from "node:crypto";
import type { DeviceId } from "@ashlar/shared/ids";
import type { Credentials } from "@ashlar/shared/protocol/account";
import { askForCode, awaitCode, signIn, signUp } from "../edge/account.ts";
import { shownUserCode, userCodeSchema } from "@ashlar/shared/protocol/device-code";
import { createCaller } from "../edge/caller.ts";
import { systemClock } from "./clock.ts";
import type { Account, Home } from "./home.ts";
import { openHttp } from "./http.ts";

export type Entered = {
  readonly account: Account;
  /** Whose session of this home the new one takes the place of: the server still has it, and nobody can use it any more. */
  readonly former: DeviceId | undefined;
};

/**
 * Signs in, or up, and makes the account the home's current one. `server` is an origin. Rejects with ProblemError
 * (`wrong-credentials`, `email-taken`, ...) or UnreachableError, and has then stored nothing.
 */
export async function enterAccount(
  home: Home,
  server: string,
  credentials: Credentials,
  { register }: { register: boolean },
): Promise<Entered> {
  await using http = openHttp(new URL(server));
  const call = createCaller({ http, clock: systemClock, random: randomBytes });
  const session = await (register ? signUp : signIn)(call, credentials);
  return enter(home, { server, email: credentials.email, deviceName: credentials.device, session });
}

async function enter(home: Home, account: Account): Promise<Entered> {
  const { user, device } = account.session;
  const before = await home.account(user);
  await home.enter(account);
  const isLeft = before !== undefined && before.server === account.server && before.ended !== true && before.session.device !== device;
  return { account, former: isLeft ? before.session.device : undefined };
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
): Promise<Entered> {
  await using http = openHttp(new URL(server));
  const call = createCaller({ http, clock: systemClock, random: randomBytes });
  const asked = await askForCode(call, deviceName);
  // Whatever name the server knows itself by, and whatever it sends: the page is on the server that was named, and the code is only letters.
  const code = shownUserCode(userCodeSchema.parse(asked.userCode));
  show({ url: `${server}/link?code=${code}`, code, expiresAt: asked.expiresAt });
  const { email, ...session } = await awaitCode(call, asked, systemClock, signal);
  return enter(home, { server, email, deviceName, session });
}
