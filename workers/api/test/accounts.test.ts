import { devicesSchema, type Session, sessionSchema } from "@ashlar/shared/protocol/account";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { newId, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import { randomBytes } from "@ashlar/durable-objects/crypto";
import { toHex } from "@ashlar/shared/encoding";
import { deviceNameCharsMax, emailCharsMax, passwordCharsMax, passwordCharsMin } from "@ashlar/shared/limits";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { app } from "../src/app.ts";
import { metaShard } from "../src/env.ts";
import { verifyAccessToken } from "../src/http/access-token.ts";
import { networkOf } from "../src/http/network.ts";
import { expectProblem, newDevice, send } from "./support.ts";

const password = "correct horse battery";
const newEmail = () => `${newId<UserId>(randomBytes).toLowerCase()}@example.com`;

async function session(response: Response, status = 201): Promise<Session> {
  expect(response.status).toBe(status);
  return sessionSchema.parse(await response.json());
}

async function signUp(email = newEmail()): Promise<Session> {
  return session(await send("POST", "/v1/account", { json: { email, password, device: "laptop" } }));
}

async function devicesOf({ accessToken }: Session) {
  const response = await send("GET", "/v1/devices", { as: { token: accessToken } });
  return devicesSchema.parse(await response.json()).devices;
}

const refresh = (refreshToken: string) => send("POST", "/v1/session/refresh", { json: { refreshToken } });

test("A12 signing up and in grants a session whose claims name user, device and shard, and makes the namespace", async () => {
  const email = newEmail();
  const first = await signUp(email);
  const identity = await verifyAccessToken(env.TOKEN_KEY, first.accessToken);
  expect(identity).toMatchObject({ user: first.user, device: first.device });
  const namespace = metaShard(env, identity.shard).prepare("SELECT epoch FROM namespaces WHERE user_id = ?").bind(first.user);
  const born = await namespace.first();
  expect(born).not.toBeNull();
  const second = await session(await send("POST", "/v1/session", { json: { email: email.toUpperCase(), password, device: "phone" } }));
  expect(second.user).toBe(first.user);
  expect(await namespace.first()).toEqual(born);
  const devices = await devicesOf(second);
  expect(devices.map(({ name, current }) => ({ name, current }))).toEqual(
    expect.arrayContaining([
      { name: "laptop", current: false },
      { name: "phone", current: true },
    ]),
  );
});

test("A12 a namespace that a crash after sign-up left out is made at the next sign-in", async () => {
  const email = newEmail();
  const first = await signUp(email);
  const { shard } = await verifyAccessToken(env.TOKEN_KEY, first.accessToken);
  const db = metaShard(env, shard);
  await db.batch([
    db.prepare("DELETE FROM namespaces WHERE user_id = ?").bind(first.user),
    db.prepare("DELETE FROM nodes WHERE user_id = ?").bind(first.user),
  ]);
  await session(await send("POST", "/v1/session", { json: { email, password, device: "phone" } }));
  expect(await db.prepare("SELECT seq FROM namespaces WHERE user_id = ?").bind(first.user).first()).toEqual({ seq: 0 });
});

test("A2 a taken address is refused in any case, and a wrong password like an unknown address", async () => {
  const email = newEmail();
  await signUp(email);
  await expectProblem(await send("POST", "/v1/account", { json: { email: email.toUpperCase(), password, device: "x" } }), "email-taken");
  const wrong = await send("POST", "/v1/session", { json: { email, password: "another password", device: "x" } });
  const unknown = await send("POST", "/v1/session", { json: { email: newEmail(), password, device: "x" } });
  expect(await wrong.clone().text()).toBe(await unknown.clone().text());
  await expectProblem(wrong, "wrong-credentials");
  await expectProblem(unknown, "wrong-credentials");
});

/** An address of that many characters: the local part has at most 64, a label of the domain 63. */
const longEmail = (chars: number) => `${"a".repeat(60)}@${`${"b".repeat(60)}.`.repeat(3)}${"c".repeat(chars - 60 - 1 - 183 - 3)}.de`;
const signIn = (change: object) => send("POST", "/v1/session", { json: { email: newEmail(), password, device: "x", ...change } });

test("A13 what is no address, too short or too long is refused at the limit", async () => {
  const taken = [
    { email: longEmail(emailCharsMax) },
    { password: "p".repeat(passwordCharsMin) },
    { password: "p".repeat(passwordCharsMax) },
    { device: "d".repeat(deviceNameCharsMax) },
  ];
  for (const change of taken) await expectProblem(await signIn(change), "wrong-credentials");
  const refused = [
    { email: "nobody" },
    { email: longEmail(emailCharsMax + 1) },
    { password: "p".repeat(passwordCharsMin - 1) },
    { password: "p".repeat(passwordCharsMax + 1) },
    { device: "d".repeat(deviceNameCharsMax + 1) },
    { device: "  " },
    { device: 7 },
  ];
  for (const change of refused) await expectProblem(await signIn(change), "bad-request");
});

test("A8 a stolen refresh token ends the device, for thief and owner", async () => {
  const first = await signUp();
  const second = await session(await refresh(first.refreshToken), 200);
  const third = await session(await refresh(second.refreshToken), 200);
  expect(third).toMatchObject({ user: first.user, device: first.device });
  await expectProblem(await refresh(first.refreshToken), "refresh-reused");
  await expectProblem(await refresh(third.refreshToken), "device-revoked");
});

test("A9 an invented refresh token is refused", async () => {
  await expectProblem(await refresh("x".repeat(112)), "unauthenticated");
  await expectProblem(await refresh("x".repeat(19)), "bad-request");
  await expectProblem(await refresh("x".repeat(201)), "bad-request");
});

test("A10 a device can be revoked by another of its user, and by no one else", async () => {
  const email = newEmail();
  const first = await signUp(email);
  const second = await session(await send("POST", "/v1/session", { json: { email, password, device: "phone" } }));
  const stranger = await newDevice();
  await expectProblem(await send("DELETE", `/v1/devices/${first.device}`, { as: stranger }), "not-found");
  await expectProblem(await send("DELETE", "/v1/devices/..%2F..%2Faccount", { as: stranger }), "not-found");
  expect(await devicesOf(second)).toHaveLength(2);
  const as = { token: second.accessToken };
  expect((await send("DELETE", `/v1/devices/${first.device}`, { as })).status).toBe(204);
  expect((await send("DELETE", `/v1/devices/${first.device}`, { as })).status).toBe(204);
  expect((await devicesOf(second)).map((device) => device.id)).toEqual([second.device]);
  await expectProblem(await refresh(first.refreshToken), "device-revoked");
});

/** A commit of one new folder. */
function commit({ accessToken }: Session, name: string): Promise<Response> {
  const ids = { opId: newId<OpId>(randomBytes), node: newId<NodeId>(randomBytes) };
  const body = encodeCommitBody({ ops: [{ op: "mkdir", ...ids, parent: rootId, name, mode: 0o755 }], inline: [] }, []);
  return send("POST", "/v1/commits", { as: { token: accessToken }, body, headers: { "content-type": commitMediaType } });
}

test("A18 a reuse whose revocation did not reach the user's object reaches it when the token comes again", async () => {
  const first = await signUp();
  const second = await session(await refresh(first.refreshToken), 200);
  await session(await refresh(second.refreshToken), 200);
  const unreachable = {
    getByName: () => {
      throw new Error("Network connection lost.");
    },
  } as unknown as typeof env.USER_SYNC;
  const request = new Request("http://ashlar.test/v1/session/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refreshToken: first.refreshToken }),
  });
  await expectProblem(await app.fetch(request, { ...env, USER_SYNC: unreachable }, createExecutionContext()), "try-again");
  await expectProblem(await refresh(first.refreshToken), "device-revoked");
  await expectProblem(await commit(second, "by the thief"), "device-revoked");
});

test("A19 a revoked device cannot sign out the others with the access token it still has", async () => {
  const email = newEmail();
  const owner = await signUp(email);
  const thief = await session(await send("POST", "/v1/session", { json: { email, password, device: "phone" } }));
  const as = { token: thief.accessToken };
  expect((await send("DELETE", `/v1/devices/${thief.device}`, { as: { token: owner.accessToken } })).status).toBe(204);
  await expectProblem(await send("DELETE", `/v1/devices/${owner.device}`, { as }), "device-revoked");
  expect((await send("DELETE", `/v1/devices/${thief.device}`, { as })).status).toBe(204);
  expect((await refresh(owner.refreshToken)).status).toBe(200);
});

test("A17 a revoked device can commit nothing, though its access token is still good", async () => {
  const email = newEmail();
  const first = await signUp(email);
  const second = await session(await send("POST", "/v1/session", { json: { email, password, device: "phone" } }));
  expect((await commit(first, "before")).status).toBe(200);
  await send("DELETE", `/v1/devices/${first.device}`, { as: { token: second.accessToken } });
  await expectProblem(await commit(first, "after"), "device-revoked");
  expect((await commit(second, "after")).status).toBe(200);
});

test("A14 signing out ends the session of this device alone", async () => {
  const email = newEmail();
  const first = await signUp(email);
  const second = await session(await send("POST", "/v1/session", { json: { email, password, device: "phone" } }));
  expect((await send("DELETE", "/v1/session", { as: { token: first.accessToken } })).status).toBe(204);
  await expectProblem(await refresh(first.refreshToken), "device-revoked");
  expect((await refresh(second.refreshToken)).status).toBe(200);
});

const minute = () => Math.floor(Date.now() / 60_000);

/** The limits count by the minute: runs again if one passed meanwhile. */
async function withinOneMinute<Result>(run: () => Promise<Result>): Promise<Result> {
  for (;;) {
    const before = minute();
    const result = await run();
    if (minute() === before) return result;
  }
}

test("A15 the eleventh sign-in for one address within a minute is refused, in any case of the address", async () => {
  const [tenth, eleventh] = await withinOneMinute(async () => {
    const email = newEmail();
    for (let count = 0; count < 9; count++) await env.SIGN_IN_LIMIT.limit({ key: email });
    return [await signIn({ email }), await signIn({ email: email.toUpperCase() })] as const;
  });
  await expectProblem(tenth, "wrong-credentials");
  expect(eleventh.headers.get("retry-after")).toBe("60");
  await expectProblem(eleventh, "too-many-requests");
});

const refreshFrom = (address: string) =>
  send("POST", "/v1/session/refresh", { json: { refreshToken: "x".repeat(112) }, headers: { "cf-connecting-ip": address } });

test("A16 the sixty-first request without a session from one network address within a minute is refused", async () => {
  const [sixtieth, next, signUpToo] = await withinOneMinute(async () => {
    const address = newId<UserId>(randomBytes);
    const signUpFrom = () => send("POST", "/v1/account", { json: {}, headers: { "cf-connecting-ip": address } });
    for (let count = 0; count < 59; count++) await env.ADDRESS_LIMIT.limit({ key: address });
    return [await refreshFrom(address), await refreshFrom(address), await signUpFrom()] as const;
  });
  await expectProblem(sixtieth, "unauthenticated");
  expect(next.headers.get("retry-after")).toBe("60");
  await expectProblem(next, "too-many-requests");
  await expectProblem(signUpToo, "too-many-requests");
});

test("A20 the addresses that one household has of IPv6 are one network address", async () => {
  const [sixtieth, next, neighbour] = await withinOneMinute(async () => {
    const network = `2001:db8:${toHex(randomBytes(2))}:${toHex(randomBytes(2))}`;
    for (let count = 0; count < 59; count++) await env.ADDRESS_LIMIT.limit({ key: networkOf(`${network}::1`) });
    return [
      await refreshFrom(`${network}::2`),
      await refreshFrom(`${network}:ffff:1:2:3`),
      await refreshFrom(`2001:db9${network.slice(8)}::1`),
    ] as const;
  });
  await expectProblem(sixtieth, "unauthenticated");
  await expectProblem(next, "too-many-requests");
  await expectProblem(neighbour, "unauthenticated");
});
