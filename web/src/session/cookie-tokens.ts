/** The browser's session: an access token of minutes in memory, renewed by a cookie that no script can read. */
import { type Caller, jsonBody, parsed } from "@ashlar/client/edge/caller";
import { SignedOutError } from "@ashlar/client/edge/errors";
import { endsSession, type Tokens } from "@ashlar/client/edge/tokens";
import { type Clock, UnreachableError } from "@ashlar/client/ports";
import { accessTokenMarginMs, accessTokenMs } from "@ashlar/shared/limits";
import { type BrowserSession, browserSessionSchema } from "@ashlar/shared/protocol/account";
import { ProblemError } from "@ashlar/shared/protocol/problem";

const refreshPath = "/v1/session/refresh";
/** Tabs share the cookie: two that refresh at once would use one token twice. */
const lockName = "ashlar-session";

/** Rejects with SignedOutError when there is no session (any more), or with UnreachableError. */
export async function refreshSession(call: Caller): Promise<BrowserSession> {
  try {
    return await navigator.locks.request(lockName, async () =>
      parsed(browserSessionSchema, refreshPath, await call({ method: "POST", path: refreshPath, ...jsonBody({}) })),
    );
  } catch (error) {
    if (error instanceof ProblemError && endsSession(error)) throw new SignedOutError(error.code, error);
    throw error;
  }
}

export function createCookieTokens({ call, session, clock }: { call: Caller; session: BrowserSession; clock: Clock }): Tokens {
  let token = session.accessToken;
  // By our own clock, which may differ from the server's.
  let goodUntilMs = clock.now() + accessTokenMs;
  let ended: SignedOutError | undefined;
  let renewal: Promise<string> | undefined;

  async function refresh(): Promise<string> {
    try {
      const next = await refreshSession(call);
      // Another account signed in from another tab: this page shows the first one's files.
      if (next.user !== session.user) throw new SignedOutError("unauthenticated");
      token = next.accessToken;
      goodUntilMs = clock.now() + accessTokenMs;
      return token;
    } catch (error) {
      if (error instanceof SignedOutError) ended = error;
      throw error;
    }
  }

  function renewOnce(): Promise<string> {
    renewal ??= refresh().finally(() => {
      renewal = undefined;
    });
    return renewal;
  }

  return {
    user: session.user,
    device: session.device,
    async current() {
      if (ended !== undefined) throw ended;
      if (clock.now() < goodUntilMs - accessTokenMarginMs) return token;
      try {
        return await renewOnce();
      } catch (error) {
        if (error instanceof UnreachableError && clock.now() < goodUntilMs) return token;
        throw error;
      }
    },
    async renew(refused) {
      if (ended !== undefined) throw ended;
      return token === refused ? renewOnce() : token;
    },
  };
}
