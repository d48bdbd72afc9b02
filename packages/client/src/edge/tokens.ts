/** The device's session: an access token of minutes, renewed by a refresh token that is good for one use. */
import type { DeviceId, UserId } from "@ashlar/shared/ids";
import { accessTokenMarginMs, accessTokenMs } from "@ashlar/shared/limits";
import { type Session, sessionSchema } from "@ashlar/shared/protocol/account";
import { type ProblemCode, ProblemError } from "@ashlar/shared/protocol/problem";
import { type Clock, UnreachableError } from "../ports.ts";
import { untilAborted } from "../common/abort.ts";
import { type Caller, jsonBody, parsed } from "./caller.ts";
import { SignedOutError } from "./errors.ts";

/** Where the session outlives the process. Several processes of one device may share it. */
export type SessionStore = {
  load(): Promise<Session | undefined>;
  /** Resolves when the session would survive a crash. */
  save(session: Session): Promise<void>;
  clear(): Promise<void>;
};

export type Tokens = {
  readonly user: UserId;
  readonly device: DeviceId;
  /** An access token that is good for a while yet. Rejects with SignedOutError or UnreachableError. */
  current(signal?: AbortSignal): Promise<string>;
  /** A token other than the one that was refused. Rejects likewise. */
  renew(refused: string, signal?: AbortSignal): Promise<string>;
};

export type TokensOptions = {
  readonly call: Caller;
  readonly session: Session;
  readonly sessions: SessionStore;
  readonly clock: Clock;
};

const refreshPath = "/v1/session/refresh";

export function createTokens({ call, session: first, sessions, clock }: TokensOptions): Tokens {
  let session = first;
  let goodUntilMs = first.accessExpiresAt;
  let ended: SignedOutError | undefined;
  let renewal: Promise<string> | undefined;

  /** Another process of this device may have renewed meanwhile; its predecessor's refresh token is spent. */
  async function adoptStored(): Promise<boolean> {
    const stored = await sessions.load();
    if (stored === undefined || stored.refreshToken === session.refreshToken) return false;
    if (stored.user !== session.user || stored.device !== session.device) return false;
    session = stored;
    goodUntilMs = stored.accessExpiresAt;
    return true;
  }

  async function refresh(): Promise<string> {
    const body = jsonBody({ refreshToken: session.refreshToken });
    try {
      const next = parsed(sessionSchema, refreshPath, await call({ method: "POST", path: refreshPath, ...body }));
      // Saved before used: once the successor is used, its predecessor is a stolen one in the server's eyes.
      await sessions.save(next);
      session = next;
      // By our own clock, which may differ from the server's.
      goodUntilMs = clock.now() + accessTokenMs;
      return next.accessToken;
    } catch (error) {
      if (!(error instanceof ProblemError) || !endsSession(error)) throw error;
      if (await adoptStored()) return session.accessToken;
      ended = new SignedOutError(error.code, error);
      throw ended;
    }
  }

  /** One renewal at a time: its outcome is for everyone who waits. */
  function renewOnce(refused: string | undefined): Promise<string> {
    renewal ??= (async () => {
      try {
        if ((await adoptStored()) && session.accessToken !== refused && isFresh()) return session.accessToken;
        return await refresh();
      } finally {
        renewal = undefined;
      }
    })();
    return renewal;
  }

  const isFresh = () => clock.now() < goodUntilMs - accessTokenMarginMs;

  return {
    user: first.user,
    device: first.device,
    async current(signal) {
      if (ended !== undefined) throw ended;
      if (isFresh()) return session.accessToken;
      try {
        return await untilAborted(renewOnce(undefined), signal);
      } catch (error) {
        if (error instanceof UnreachableError && clock.now() < goodUntilMs) return session.accessToken;
        throw error;
      }
    },
    async renew(refused, signal) {
      if (ended !== undefined) throw ended;
      if (session.accessToken !== refused) return session.accessToken;
      return untilAborted(renewOnce(refused), signal);
    },
  };
}

const endings: ReadonlySet<ProblemCode> = new Set<ProblemCode>(["unauthenticated", "token-expired", "refresh-reused", "device-revoked"]);

/** The token it was sent with is no good (any more). */
export const endsSession = (error: ProblemError): boolean => endings.has(error.code);
