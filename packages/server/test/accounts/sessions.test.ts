import { signUp } from "../../src/accounts/accounts.ts";
import { parseRefreshToken } from "../../src/accounts/refresh-token.ts";
import { type Grant, listDevices, refreshSession, revokeDevice, type SessionPorts } from "../../src/accounts/sessions.ts";
import { planDeviceSweep, runDeviceSweep } from "../../src/accounts/sweep.ts";
import { refreshGraceMs, refreshTokenMs, revokedDeviceMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { newUser } from "../support/blocks.ts";
import { mac, manualClock, randomBytes, sha256 } from "../support/ports.ts";
import { sqliteD1, type SqliteD1 } from "../support/sqlite-d1.ts";

type SetUp = { ports: SessionPorts; db: SqliteD1; clock: ReturnType<typeof manualClock>; grant: Grant };

async function signedUp(): Promise<SetUp> {
  const db = sqliteD1("directory");
  const clock = manualClock();
  const ports = { db, mac, sha256, random: randomBytes, clock, scrypt: async () => new Uint8Array(32) };
  const grant = await signUp(ports, { email: "ada@example.com", password: "correct horse", device: "laptop" }, 4);
  if (grant === undefined) throw new Error("the address is taken");
  return { ports, db, clock, grant };
}

async function refreshed(ports: SessionPorts, token: string): Promise<Grant> {
  const outcome = await refreshSession(ports, token);
  if (outcome.type !== "refreshed") throw new Error(outcome.type);
  return outcome.grant;
}

test("A6 a refresh token is good once, for its successor of the same device and shard", async () => {
  const { ports, clock, grant } = await signedUp();
  let token = grant.refreshToken;
  for (let round = 0; round < 5; round++) {
    const next = await refreshed(ports, token);
    expect(next).toEqual({ ...grant, refreshToken: next.refreshToken });
    expect(next.refreshToken).not.toBe(token);
    token = next.refreshToken;
    clock.forward(refreshGraceMs + 1);
  }
});

test("A6 nothing stored is a refresh token or derives one", async () => {
  const { ports, db, grant } = await signedUp();
  const { refreshToken } = await refreshed(ports, grant.refreshToken);
  const stored = JSON.stringify(db.raw.prepare("SELECT * FROM devices").all());
  for (const token of [grant.refreshToken, refreshToken]) {
    const parts = parseRefreshToken(token);
    expect(stored).not.toContain(parts?.secret);
    expect(stored).not.toContain(parts?.family);
  }
});

test("A7 a token whose answer was lost gets the same successor for 60 seconds", async () => {
  const { ports, clock, grant } = await signedUp();
  const first = await refreshed(ports, grant.refreshToken);
  clock.forward(refreshGraceMs);
  expect(await refreshed(ports, grant.refreshToken)).toEqual(first);
  expect(await refreshed(ports, first.refreshToken)).toBeDefined();
});

test("A8 a token that comes again after 60 seconds revokes its device, for the successor too", async () => {
  const { ports, clock, grant } = await signedUp();
  const first = await refreshed(ports, grant.refreshToken);
  clock.forward(refreshGraceMs + 1);
  expect(await refreshSession(ports, grant.refreshToken)).toEqual({ type: "reused", user: grant.user, device: grant.device });
  expect(await refreshSession(ports, first.refreshToken)).toMatchObject({ type: "revoked" });
  expect(await listDevices(ports, grant.user)).toEqual([]);
});

test("A8 a token from two steps back revokes its device even within 60 seconds", async () => {
  const { ports, grant } = await signedUp();
  const first = await refreshed(ports, grant.refreshToken);
  await refreshed(ports, first.refreshToken);
  expect(await refreshSession(ports, grant.refreshToken)).toMatchObject({ type: "reused" });
});

test("A7 requests at the same time with one token all get the same successor", async () => {
  const { ports, grant } = await signedUp();
  const all = await Promise.all(Array.from({ length: 5 }, () => refreshed(ports, grant.refreshToken)));
  expect(new Set(all.map((next) => next.refreshToken)).size).toBe(1);
});

test("A9 an invented token is refused and revokes nothing", async () => {
  const { ports, grant } = await signedUp();
  const [user, device, family, secret = ""] = grant.refreshToken.split(".");
  const invented = [
    "",
    "x".repeat(112),
    `${user}.${device}.${"A".repeat(22)}.${secret}`,
    `${newUser()}.${device}.${family}.${secret}`,
    `${user}.${newUser()}.${family}.${secret}`,
    `${grant.refreshToken}x`,
  ];
  for (const token of invented) expect(await refreshSession(ports, token)).toEqual({ type: "invalid" });
  expect(await refreshed(ports, grant.refreshToken)).toBeDefined();
});

test("A6 a refresh token is good for 90 days and not longer", async () => {
  const { ports, clock, grant } = await signedUp();
  clock.forward(refreshTokenMs - 1);
  const next = await refreshed(ports, grant.refreshToken);
  clock.forward(refreshTokenMs);
  expect(await refreshSession(ports, next.refreshToken)).toEqual({ type: "invalid" });
  expect(await listDevices(ports, grant.user)).toEqual([]);
});

test("A10 a revoked device refreshes no more and leaves the list; revoking is safe to repeat, and only for one's own", async () => {
  const { ports, grant } = await signedUp();
  expect(await revokeDevice(ports, newUser(), grant.device)).toBe(false);
  expect(await listDevices(ports, grant.user)).toMatchObject([{ id: grant.device, name: "laptop" }]);
  expect(await revokeDevice(ports, grant.user, grant.device)).toBe(true);
  expect(await revokeDevice(ports, grant.user, grant.device)).toBe(true);
  expect(await refreshSession(ports, grant.refreshToken)).toMatchObject({ type: "revoked" });
  expect(await listDevices(ports, grant.user)).toEqual([]);
});

test("A11 the sweep forgets devices that expired, and those revoked more than 90 days ago, as planned", async () => {
  const { ports, db, clock, grant } = await signedUp();
  expect(await planDeviceSweep(db, clock.now())).toMatchObject({ expired: 0, revoked: 0 });
  await revokeDevice(ports, grant.user, grant.device);
  clock.forward(revokedDeviceMs);
  expect(await planDeviceSweep(db, clock.now())).toMatchObject({ expired: 0, revoked: 0 });
  clock.forward(1);
  const plan = await planDeviceSweep(db, clock.now());
  expect(plan).toMatchObject({ expired: 0, revoked: 1 });
  await runDeviceSweep(db, plan);
  expect(db.raw.prepare("SELECT count(*) AS n FROM devices").get()).toEqual({ n: 0 });
});

test("A11 a device that came back after the plan was made stays", async () => {
  const { ports, db, clock, grant } = await signedUp();
  const plan = await planDeviceSweep(db, clock.now() + refreshTokenMs + 1);
  expect(plan.expired).toBe(1);
  clock.forward(1000);
  await refreshed(ports, grant.refreshToken);
  await runDeviceSweep(db, { ...plan, expiredBefore: clock.now() });
  expect(await listDevices(ports, grant.user)).toHaveLength(1);
});
