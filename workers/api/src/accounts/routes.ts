/** `/v1/account`, `/v1/session`, `/v1/devices`. */
import { randomBytes } from "@ashlar/durable-objects/crypto";
import { signIn, signUp } from "@ashlar/server/accounts/accounts";
import { type Grant, holderOf, isRevoked, listDevices, refreshSession, revokeDevice } from "@ashlar/server/accounts/sessions";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import { type DeviceId, deviceIdSchema, type Epoch, newId, type UserId } from "@ashlar/shared/ids";
import { type BrowserSession, credentialsSchema, type Device, refreshSchema, type Session } from "@ashlar/shared/protocol/account";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import { type Env, metaShard, metaShards } from "../env.ts";
import { signAccessToken } from "../http/access-token.ts";
import { readJson } from "../http/body.ts";
import { type ApiEnv, requireIdentity } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { limitAddress, limitRate } from "../http/rate-limit.ts";
import { problemResponse } from "../http/problems.ts";
import { callUserObject } from "../http/user-object.ts";
import { accountPorts } from "./platform.ts";
import { type SessionCookie, sessionCookie } from "./session-cookie.ts";

const refreshRefusals = { invalid: "unauthenticated", revoked: "device-revoked", reused: "refresh-reused" } as const;

export const accounts = new Hono<ApiEnv>();

accounts.post("/v1/account", limitAddress, async (c) => {
  const credentials = await readJson(c.req.raw, credentialsSchema);
  const cookie = credentials.keep === "cookie" ? sessionCookie(c) : undefined;
  const grant = await signUp(accountPorts(c.env), credentials, metaShards(c.env).length);
  if (grant === undefined) throw new ProblemError("email-taken");
  await endFormer(c.env, cookie);
  return handOver(c, await openSession(c.env, grant), 201, cookie);
});

accounts.post("/v1/session", limitAddress, async (c) => {
  const credentials = await readJson(c.req.raw, credentialsSchema);
  const cookie = credentials.keep === "cookie" ? sessionCookie(c) : undefined;
  await limitRate(c.env.SIGN_IN_LIMIT, credentials.email);
  const grant = await signIn(accountPorts(c.env), credentials);
  if (grant === undefined) throw new ProblemError("wrong-credentials");
  await endFormer(c.env, cookie);
  return handOver(c, await openSession(c.env, grant), 201, cookie);
});

accounts.post("/v1/session/refresh", limitAddress, async (c) => {
  const { refreshToken } = await readJson(c.req.raw, refreshSchema);
  const cookie = refreshToken === undefined ? sessionCookie(c) : undefined;
  const token = refreshToken ?? cookie?.token;
  if (token === undefined) throw new ProblemError("unauthenticated");
  const outcome = await refreshSession(accountPorts(c.env), token);
  if (outcome.type === "reused" || outcome.type === "revoked") await disconnect(c.env, outcome.user, outcome.device);
  if (outcome.type === "refreshed") return handOver(c, await sessionOf(c.env, outcome.grant), 200, cookie);
  const refusal = problemResponse(new ProblemError(refreshRefusals[outcome.type]));
  if (cookie !== undefined) refusal.headers.append("set-cookie", cookie.keeping(undefined));
  return refusal;
});

accounts.delete("/v1/session", requireIdentity, async (c) => {
  const { user, device } = c.var.identity;
  const cookie = c.req.header("cookie") === undefined ? undefined : sessionCookie(c);
  await revokeDevice(accountPorts(c.env), user, device);
  await disconnect(c.env, user, device);
  // Another tab may have signed in as somebody else meanwhile: that session stays.
  if (cookie?.token?.startsWith(`${user}.${device}.`) === true) c.header("set-cookie", cookie.keeping(undefined));
  return c.body(null, 204);
});

accounts.get("/v1/devices", async (c) => {
  const { user, device } = c.var.identity;
  const listed = await listDevices(accountPorts(c.env), user);
  const devices: Device[] = listed.map((found) => ({ ...found, current: found.id === device }));
  return c.json({ devices });
});

accounts.delete("/v1/devices/:id", async (c) => {
  const { user, device: own } = c.var.identity;
  const device = pathPart(deviceIdSchema, c.req.param("id"));
  if (device !== own && (await isRevoked(accountPorts(c.env), user, own))) throw new ProblemError("device-revoked");
  if (!(await revokeDevice(accountPorts(c.env), user, device))) throw new ProblemError("not-found");
  await disconnect(c.env, user, device);
  return c.body(null, 204);
});

/** A browser has one session: the one that its cookie had until now would only be left over. */
async function endFormer(env: Env, cookie: SessionCookie | undefined): Promise<void> {
  const former = cookie?.token === undefined ? undefined : await holderOf(accountPorts(env), cookie.token);
  if (former === undefined) return;
  await revokeDevice(accountPorts(env), former.user, former.device);
  await disconnect(env, former.user, former.device);
}

/** A browser's refresh token goes into its cookie, and nowhere else. */
function handOver(c: Context<ApiEnv>, session: Session, status: 200 | 201, cookie: SessionCookie | undefined): Response {
  if (cookie === undefined) return c.json(session, status);
  const { refreshToken, ...rest } = session;
  c.header("set-cookie", cookie.keeping(refreshToken));
  return c.json(rest satisfies BrowserSession, status);
}

/** A session after sign-up or sign-in. The namespace is made here both times: a crash between the two heals at the next sign-in. */
async function openSession(env: Env, grant: Grant): Promise<Session> {
  const namespace = { user: grant.user, epoch: newId<Epoch>(randomBytes), now: Date.now(), quotaBytes: quotaOf(env) };
  await ensureNamespace(metaShard(env, grant.shard), namespace);
  return sessionOf(env, grant);
}

/** Digits only, so that no mistake in a setting makes an account without bounds, or one of no bytes. */
function quotaOf({ QUOTA_BYTES }: Env): number {
  if (!/^\d{1,15}$/.test(QUOTA_BYTES)) throw new RangeError(`QUOTA_BYTES must be a number of bytes, not "${QUOTA_BYTES}"`);
  return Number(QUOTA_BYTES);
}

async function sessionOf(env: Env, { user, device, shard, refreshToken }: Grant): Promise<Session> {
  const { token, expiresAt } = await signAccessToken(env.TOKEN_KEY, { user, device, shard }, Date.now());
  return { user, device, accessToken: token, accessExpiresAt: expiresAt, refreshToken };
}

/** Access tokens are not looked up, so the object that orders commits and holds the sockets is told. Safe to repeat. */
async function disconnect(env: Env, user: UserId, device: DeviceId): Promise<void> {
  await callUserObject(env, user, (object) => object.revoke(device));
}
