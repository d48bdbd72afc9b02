import { askForCode, awaitCode, listDevices, revokeDevice, signIn, signOut, signUp } from "@ashlar/client/edge/account";
import { createCaller } from "@ashlar/client/edge/caller";
import { SignedOutError } from "@ashlar/client/edge/errors";
import { UnreachableError } from "@ashlar/client/ports";
import { expect, test } from "vitest";
import { chanceAt, hastyClock } from "../support/clocks.ts";
import { bodyOf, fakeHttp, inTurn, json, refusal, type Responder } from "../support/fake-http.ts";
import { memorySessions, sessionAt } from "../support/session.ts";

const credentials = { email: "a@example.org", password: "correct horse", device: "desk" };
const session = sessionAt(1, 5);

function callerOn(respond: Responder) {
  const http = fakeHttp(respond);
  return { http, call: createCaller({ http, clock: hastyClock(), random: chanceAt(0) }) };
}

test("N19 signing up and signing in answer a session, and are never sent twice", async () => {
  for (const [enter, path] of [
    [signUp, "/v1/account"],
    [signIn, "/v1/session"],
  ] as const) {
    const { http, call } = callerOn(() => json(session, 201));
    await expect(enter(call, credentials)).resolves.toEqual(session);
    expect(http.requests[0]).toMatchObject({ method: "POST", path });
    expect(bodyOf(http.requests[0])).toEqual(credentials);
    const broken = callerOn(() => new Error("ECONNRESET"));
    await expect(enter(broken.call, credentials)).rejects.toThrow(UnreachableError);
    expect(broken.http.requests).toHaveLength(1);
  }
});

test("N19 a wrong password is told as such, not as a session that ended", async () => {
  const { call } = callerOn(() => refusal("wrong-credentials"));
  await expect(signIn(call, credentials)).rejects.toMatchObject({ name: "ProblemError", code: "wrong-credentials" });
});

test("N21 signing out ends the session at the server first, then forgets it", async () => {
  const sessions = memorySessions(session);
  const { http, call } = callerOn(inTurn(refusal("internal"), { status: 204, headers: {}, body: new Uint8Array() }));
  await expect(signOut(call, sessions)).rejects.toMatchObject({ code: "internal" });
  expect(sessions.stored).toEqual(session);
  await signOut(call, sessions);
  expect(sessions.stored).toBeUndefined();
  expect(http.requests[1]).toMatchObject({ method: "DELETE", path: "/v1/session" });
});

test("N21 a session that had ended already is forgotten all the same", async () => {
  const sessions = memorySessions(session);
  await signOut(() => Promise.reject(new SignedOutError("device-revoked")), sessions);
  expect(sessions.stored).toBeUndefined();
});

test("N22 devices are listed, and revoked by their id", async () => {
  const devices = [{ id: session.device, name: "desk", kind: "command" as const, createdAt: 1, lastSeenAt: 2, current: true }];
  const { http, call } = callerOn(inTurn(json({ devices }), { status: 204, headers: {}, body: new Uint8Array() }, refusal("not-found")));
  await expect(listDevices(call)).resolves.toEqual(devices);
  await revokeDevice(call, session.device);
  expect(http.requests[1]).toMatchObject({ method: "DELETE", path: `/v1/devices/${session.device}` });
  await expect(revokeDevice(call, session.device)).rejects.toMatchObject({ code: "not-found" });
});

test("WS14 a command waits the interval between its questions, longer when told to, and through an outage as long as the code is good", async () => {
  const asked = { deviceCode: "d".repeat(52), userCode: "WDJB-MJHT", verifyUrl: "http://x/link", expiresAt: 1_600_000, intervalMs: 5000 };
  const pending = refusal("authorization-pending");
  const { http, call } = callerOn(
    inTurn(json(asked, 201), pending, refusal("slow-down"), pending, json({ ...session, email: "a@example.org" }, 201)),
  );
  expect(await askForCode(call, "desk")).toEqual(asked);
  const clock = hastyClock();
  expect(await awaitCode(call, asked, clock)).toEqual({ ...session, email: "a@example.org" });
  expect(clock.sleeps).toEqual([5000, 5000, 10_000, 10_000]);
  expect(http.requests.slice(1).map((request) => bodyOf(request))).toEqual(
    Array.from({ length: 4 }, () => ({ deviceCode: asked.deviceCode })),
  );

  const denied = callerOn(() => refusal("access-denied"));
  await expect(awaitCode(denied.call, asked, hastyClock())).rejects.toMatchObject({ code: "access-denied" });
  const away = callerOn(() => new Error("ECONNRESET"));
  const late = hastyClock();
  await expect(awaitCode(away.call, asked, late)).rejects.toThrow(UnreachableError);
  expect(late.now()).toBeGreaterThanOrEqual(asked.expiresAt);
});
