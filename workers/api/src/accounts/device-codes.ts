/** `/v1/device-codes`: a command is signed in through a browser. */
import { answerCode, askForCode, findCode, pollCode } from "@ashlar/server/accounts/device-codes";
import { holderOf } from "@ashlar/server/accounts/sessions";
import { toHex } from "@ashlar/shared/encoding";
import { deviceCodePollMs } from "@ashlar/shared/limits";
import {
  type DeviceCode,
  deviceCodeAnswerSchema,
  type DeviceCodeFacts,
  deviceCodeRequestSchema,
  type DeviceToken,
  deviceTokenRequestSchema,
  shownUserCode,
  userCodeSchema,
} from "@ashlar/shared/protocol/device-code";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import { readJson } from "../http/body.ts";
import { type ApiEnv, requireIdentity } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { limitAddress, limitRate } from "../http/rate-limit.ts";
import { networkOf } from "../http/network.ts";
import { openSession } from "./open-session.ts";
import { accountPorts } from "./platform.ts";
import { sessionCookie } from "./session-cookie.ts";

export const deviceCodes = new Hono<ApiEnv>();

deviceCodes.post("/v1/device-codes", limitAddress, async (c) => {
  const { device } = await readJson(c.req.raw, deviceCodeRequestSchema);
  const { userCode, deviceCode, expiresAt } = await askForCode(accountPorts(c.env), { name: device, networkHash: networkHash(c) });
  const shown = shownUserCode(userCode);
  const verifyUrl = new URL(`/link?code=${shown}`, c.req.url).href;
  return c.json({ deviceCode, userCode: shown, verifyUrl, expiresAt, intervalMs: deviceCodePollMs } satisfies DeviceCode, 201);
});

deviceCodes.post("/v1/device-codes/token", limitAddress, async (c) => {
  const { deviceCode } = await readJson(c.req.raw, deviceTokenRequestSchema);
  const outcome = await pollCode(accountPorts(c.env), deviceCode);
  if (outcome.type !== "approved") throw new ProblemError(outcome.type);
  return c.json({ ...(await openSession(c.env, outcome.grant)), email: outcome.email } satisfies DeviceToken, 201);
});

deviceCodes.get("/v1/device-codes/:code", requireIdentity, async (c) => {
  await limitGuesses(c);
  const found = await findCode(accountPorts(c.env), pathPart(userCodeSchema, c.req.param("code")));
  if (found === undefined) throw new ProblemError("not-found", notFound);
  const { device, createdAt, expiresAt } = found;
  const own = networkHash(c);
  const sameNetwork = own === null || found.networkHash === null ? null : own === found.networkHash;
  return c.json({ device, createdAt, expiresAt, sameNetwork } satisfies DeviceCodeFacts);
});

/** An access token alone, which may have been stolen, makes no session of its own: the browser's cookie must come along. */
deviceCodes.post("/v1/device-codes/:code", requireIdentity, async (c) => {
  const code = pathPart(userCodeSchema, c.req.param("code"));
  const { answer } = await readJson(c.req.raw, deviceCodeAnswerSchema);
  await limitGuesses(c);
  const { user, device } = c.var.identity;
  const { token } = sessionCookie(c);
  const holder = token === undefined ? undefined : await holderOf(accountPorts(c.env), token);
  if (holder?.user !== user || holder.device !== device)
    throw new ProblemError("forbidden", "Only a browser that is signed in can answer a code.");
  if (!(await answerCode(accountPorts(c.env), { code, answer, user, device }))) throw new ProblemError("not-found", notFound);
  return c.body(null, 204);
});

const notFound = "There is no such code, or it was answered, or it has expired: have the command show a new one.";

/** Of one person, as many as sign-ins. */
function limitGuesses(c: Context<ApiEnv>): Promise<void> {
  return limitRate(c.env.SIGN_IN_LIMIT, `code ${c.var.identity.user}`);
}

/** Keyed, so that a row does not tell the address; null where nothing in front names it. */
function networkHash(c: Context<ApiEnv>): string | null {
  const address = c.req.header("cf-connecting-ip");
  return address === undefined ? null : toHex(accountPorts(c.env).mac(`network ${networkOf(address)}`));
}
