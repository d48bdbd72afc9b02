/** `/v1/account`, `/v1/session`, `/v1/password`, `/v1/devices`. */
import { changePassword, readAccount } from "@ashlar/server/accounts/account";
import { signIn, signUp } from "@ashlar/server/accounts/accounts";
import { holderOf, isRevoked, listDevices, refreshSession, revokeDevice } from "@ashlar/server/accounts/sessions";
import { readUsage } from "@ashlar/server/usage/read-usage";
import { type DeviceId, deviceIdSchema, type UserId } from "@ashlar/shared/ids";
import {
  type AccountFacts,
  type BrowserSession,
  credentialsSchema,
  type Device,
  passwordChangeSchema,
  refreshSchema,
  type Session,
} from "@ashlar/shared/protocol/account";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import { type Env, metaShard, metaShards } from "../env.ts";
import { readJson } from "../http/body.ts";
import { type ApiEnv, requireIdentity } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { limitAddress, limitRate } from "../http/rate-limit.ts";
import { problemResponse } from "../http/problems.ts";
import { callUserObject } from "../http/user-object.ts";
import { openSession, sessionOf } from "./open-session.ts";
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
  if (cookie?.token?.startsWith(`${user}.${device}.`) === true) {
    c.header("set-cookie", cookie.keeping(undefined));
    // Files that were looked at may be kept for long: whoever sits here next is not to find them.
    c.header("clear-site-data", '"cache"');
  }
  return c.body(null, 204);
});

accounts.get("/v1/account", requireIdentity, async (c) => {
  const { user, shard } = c.var.identity;
  const [account, usage] = await Promise.all([
    readAccount(accountPorts(c.env), user),
    readUsage(metaShard(c.env, shard), user, Date.now()),
  ]);
  if (account === undefined) throw new ProblemError("unauthenticated");
  return c.json({ user, ...account, quotaBytes: usage.quotaBytes, usedBytes: usage.current.bytes } satisfies AccountFacts);
});

accounts.post("/v1/password", requireIdentity, async (c) => {
  const { user, device } = c.var.identity;
  const { current, next, signOutOthers = false } = await readJson(c.req.raw, passwordChangeSchema);
  await limitRate(c.env.SIGN_IN_LIMIT, `password ${user}`);
  if (await isRevoked(accountPorts(c.env), user, device)) throw new ProblemError("device-revoked");
  const change = await changePassword(accountPorts(c.env), { user, device, current, next, signOutOthers });
  if (change === undefined) throw new ProblemError("wrong-credentials", "The current password is wrong.");
  for (const other of change.signedOut) await disconnect(c.env, user, other);
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

/** Access tokens are not looked up, so the object that orders commits and holds the sockets is told. Safe to repeat. */
async function disconnect(env: Env, user: UserId, device: DeviceId): Promise<void> {
  await callUserObject(env, user, (object) => object.revoke(device));
}
