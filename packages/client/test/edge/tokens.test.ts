import { createCaller } from "@ashlar/client/edge/caller";
import { SignedOutError } from "@ashlar/client/edge/errors";
import { createSignedCaller } from "@ashlar/client/edge/signed-caller";
import { createTokens, type SessionStore } from "@ashlar/client/edge/tokens";
import { UnreachableError } from "@ashlar/client/ports";
import { deviceIdSchema } from "@ashlar/shared/ids";
import { accessTokenMarginMs, accessTokenMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { chanceAt, hastyClock } from "../support/clocks.ts";
import { bodyOf, fakeHttp, json, refusal, type Responder } from "../support/fake-http.ts";
import { memorySessions, sessionAt } from "../support/session.ts";

const refreshPath = "/v1/session/refresh";

function signedIn(respond: Responder, options: { expiresInMs?: number; sessions?: SessionStore } = {}) {
  const clock = hastyClock();
  const session = sessionAt(1, clock.now() + (options.expiresInMs ?? accessTokenMs));
  const sessions = options.sessions ?? memorySessions(session);
  const http = fakeHttp(respond);
  const call = createCaller({ http, clock, random: chanceAt(0) });
  const tokens = createTokens({ call, session, sessions, clock });
  const refreshes = () => http.requests.filter(({ path }) => path === refreshPath);
  return { clock, sessions, http, tokens, refreshes, call: createSignedCaller(call, tokens) };
}

/** Answers a refresh with the next session, and anything else with 200. */
function refreshing(nowMs: () => number, elsewhere: Responder = () => json({})): Responder {
  let generation = 1;
  return (request) => (request.path === refreshPath ? json(sessionAt(++generation, nowMs() + accessTokenMs)) : elsewhere(request));
}

test("N9 a request carries the access token in its header", async () => {
  const { http, call } = signedIn(() => json({}));
  await call({ method: "GET", path: "/v1/devices" });
  expect(http.requests[0]?.headers).toMatchObject({ authorization: "Bearer access-1" });
});

test("N10 a token is used until a minute before its end, then renewed", async () => {
  const { tokens, clock, refreshes } = signedIn(refreshing(() => 0));
  await clock.sleep(accessTokenMs - accessTokenMarginMs - 1);
  await expect(tokens.current()).resolves.toBe("access-1");
  await clock.sleep(1);
  await expect(tokens.current()).resolves.toBe("access-2");
  expect(refreshes().map(bodyOf)).toEqual([{ refreshToken: "refresh-token-number-1" }]);
});

test("N10 all who wait for a token share one renewal", async () => {
  const { call, refreshes } = signedIn(
    refreshing(() => 0),
    { expiresInMs: 0 },
  );
  await Promise.all(Array.from({ length: 20 }, () => call({ method: "GET", path: "/v1/devices" })));
  expect(refreshes()).toHaveLength(1);
});

test("N10 the age of a renewed token is told by this device's clock, however wrong the server thinks it", async () => {
  const { tokens, refreshes } = signedIn(
    refreshing(() => -1e9),
    { expiresInMs: 0 },
  );
  await tokens.current();
  await tokens.current();
  expect(refreshes()).toHaveLength(1);
});

test.for(["token-expired", "unauthenticated"] as const)("N11 a request refused with %s is sent again with a new token", async (code) => {
  const { http, call } = signedIn(
    refreshing(
      () => 0,
      ({ headers }) => (headers["authorization"] === "Bearer access-1" ? refusal(code) : json({ ok: true })),
    ),
  );
  await expect(call({ method: "GET", path: "/v1/devices" })).resolves.toMatchObject({ status: 200 });
  expect(http.requests.map(({ path }) => path)).toEqual(["/v1/devices", refreshPath, "/v1/devices"]);
});

test("N11 many requests refused at once renew the token once", async () => {
  const { call, refreshes } = signedIn(
    refreshing(
      () => 0,
      ({ headers }) => (headers["authorization"] === "Bearer access-1" ? refusal("token-expired") : json({})),
    ),
  );
  await Promise.all(Array.from({ length: 10 }, () => call({ method: "GET", path: "/v1/devices" })));
  expect(refreshes()).toHaveLength(1);
});

test("N12 the rotated session is saved before anything is sent with it", async () => {
  const steps: string[] = [];
  const sessions: SessionStore = {
    ...memorySessions(),
    async save({ accessToken }) {
      steps.push(`saving ${accessToken}`);
      await Promise.resolve();
      steps.push(`saved ${accessToken}`);
    },
  };
  const respond = refreshing(
    () => 0,
    ({ headers }) => {
      steps.push(`sent with ${headers["authorization"]}`);
      return json({});
    },
  );
  const { call } = signedIn(respond, { expiresInMs: 0, sessions });
  await call({ method: "GET", path: "/v1/devices" });
  expect(steps).toEqual(["saving access-2", "saved access-2", "sent with Bearer access-2"]);
});

test("N12 a session that cannot be saved is not used", async () => {
  const sessions: SessionStore = { ...memorySessions(), save: () => Promise.reject(new Error("disk full")) };
  const { http, call } = signedIn(
    refreshing(() => 0),
    { expiresInMs: 0, sessions },
  );
  await expect(call({ method: "GET", path: "/v1/devices" })).rejects.toThrow("disk full");
  expect(http.requests.map(({ path }) => path)).toEqual([refreshPath]);
});

test("N13 a session that another process of this device renewed is taken over, not renewed again", async () => {
  const sessions = memorySessions();
  const { tokens, clock, refreshes } = signedIn(() => json({}), { expiresInMs: 0, sessions });
  sessions.stored = sessionAt(5, clock.now() + accessTokenMs);
  await expect(tokens.current()).resolves.toBe("access-5");
  expect(refreshes()).toHaveLength(0);
});

test("N13 a refresh that lost the race against another process ends in that one's session", async () => {
  const sessions = memorySessions();
  const { tokens, clock } = signedIn(
    () => {
      sessions.stored = sessionAt(5, clock.now() + accessTokenMs);
      return refusal("refresh-reused");
    },
    { expiresInMs: 0, sessions },
  );
  await expect(tokens.current()).resolves.toBe("access-5");
});

test("N13 another device's stored session is not taken over", async () => {
  const sessions = memorySessions();
  const { tokens, clock } = signedIn(
    refreshing(() => 0),
    { expiresInMs: 0, sessions },
  );
  sessions.stored = { ...sessionAt(5, clock.now() + accessTokenMs), device: deviceIdSchema.parse("e".repeat(22)) };
  await expect(tokens.current()).resolves.toBe("access-2");
});

test.for(["refresh-reused", "device-revoked", "unauthenticated"] as const)(
  "N14 a refresh refused with %s ends the session, for good and without another request",
  async (code) => {
    const { call, http } = signedIn(() => refusal(code), { expiresInMs: 0 });
    const ask = () => call({ method: "GET", path: "/v1/devices" });
    await expect(ask()).rejects.toThrow(SignedOutError);
    await expect(ask()).rejects.toMatchObject({ code });
    expect(http.requests.map(({ path }) => path)).toEqual([refreshPath]);
  },
);

test("N14 a token that is refused although it is new ends the session", async () => {
  const { call } = signedIn(
    refreshing(
      () => 0,
      () => refusal("unauthenticated"),
    ),
  );
  await expect(call({ method: "GET", path: "/v1/devices" })).rejects.toThrow(SignedOutError);
});

test("N15 a token with life left serves while no new one can be had, and none after its end", async () => {
  const { tokens, clock } = signedIn(() => new Error("no route"), { expiresInMs: accessTokenMarginMs });
  await expect(tokens.current()).resolves.toBe("access-1");
  await clock.sleep(accessTokenMarginMs);
  await expect(tokens.current()).rejects.toThrow(UnreachableError);
});

test("N8 who stops waiting for a token does not stop the renewal for the others", async () => {
  const answer = Promise.withResolvers<void>();
  const { tokens } = signedIn(
    async () => {
      await answer.promise;
      return json(sessionAt(2, 0));
    },
    { expiresInMs: 0 },
  );
  const stop = new AbortController();
  const left = tokens.current(stop.signal);
  const stayed = tokens.current();
  stop.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  answer.resolve();
  await expect(stayed).resolves.toBe("access-2");
});
