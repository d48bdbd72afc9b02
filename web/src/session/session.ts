/** Whether somebody is signed in, and what signing in and out does. */
import { createCaller, jsonBody, parsed } from "@ashlar/client/edge/caller";
import { SignedOutError } from "@ashlar/client/edge/errors";
import { systemClock } from "../platform/clock.ts";
import { browserHttp } from "../platform/http.ts";
import { randomBytes } from "../platform/random.ts";
import { createStore, type Readable } from "../platform/store.ts";
import { createCookieTokens, refreshSession } from "./cookie-tokens.ts";
import { type Connection, openConnection } from "./connection.ts";
import { deviceName } from "./device-name.ts";
import { type BrowserSession, browserSessionSchema } from "@ashlar/shared/protocol/account";

export type SessionState =
  | { readonly type: "asking" }
  | { readonly type: "unreachable"; readonly why: string }
  | { readonly type: "out"; readonly why: string | undefined }
  | { readonly type: "in"; readonly connection: Connection };

export type Entering = { readonly email: string; readonly password: string };

export const call = createCaller({ http: browserHttp, clock: systemClock, random: randomBytes });

const state = createStore<SessionState>({ type: "asking" });
export const sessionState: Readable<SessionState> = state;

/** At the start of the page: the cookie says whether there is a session. */
export async function resumeSession(): Promise<void> {
  state.set({ type: "asking" });
  try {
    enter(await refreshSession(call));
  } catch (error) {
    if (error instanceof SignedOutError) state.set({ type: "out", why: undefined });
    else state.set({ type: "unreachable", why: error instanceof Error ? error.message : String(error) });
  }
}

/** Rejects with ProblemError `wrong-credentials` or `email-taken`, among others. */
export async function enterAccount(as: "new" | "known", { email, password }: Entering): Promise<void> {
  const path = as === "new" ? "/v1/account" : "/v1/session";
  const body = jsonBody({ email, password, device: deviceName(navigator.userAgent), keep: "cookie" });
  enter(parsed(browserSessionSchema, path, await call({ method: "POST", path, once: true, ...body })));
}

export async function leaveAccount(connection: Connection): Promise<void> {
  try {
    await connection.call({ method: "DELETE", path: "/v1/session" });
  } catch (error) {
    if (!(error instanceof SignedOutError)) throw error;
  }
  sessionEnded(undefined);
}

/** `why` is for a person; undefined when he asked for it. */
export function sessionEnded(why: string | undefined): void {
  state.set({ type: "out", why });
}

function enter(session: BrowserSession): void {
  const tokens = createCookieTokens({ call, session, clock: systemClock });
  state.set({ type: "in", connection: openConnection(call, tokens, deviceName(navigator.userAgent)) });
}
