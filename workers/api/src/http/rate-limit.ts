import { sessionPeriodS } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./identity.ts";

/** The period of the limits without a session in wrangler.toml. */
const periodS = 60;

export async function limitRate(limit: RateLimit, key: string, retryAfterS = periodS): Promise<void> {
  const { success } = await limit.limit({ key });
  if (!success) throw new ProblemError("too-many-requests", undefined, { retryAfterS });
}

/** For an account's devices together, once it is known whose they are. */
export const limitSession = createMiddleware<ApiEnv>(async (c, next) => {
  await limitRate(c.env.SESSION_LIMIT, c.var.identity.user, sessionPeriodS);
  await next();
});
export const limitDownloads = createMiddleware<ApiEnv>(async (c, next) => {
  await limitRate(c.env.DOWNLOAD_LIMIT, c.var.identity.user, sessionPeriodS);
  await next();
});

/** For addresses that need no session. A local server has no front that names the client's address: there nothing is limited. */
export const limitAddress = createMiddleware<ApiEnv>(async (c, next) => {
  const address = c.req.header("cf-connecting-ip");
  if (address !== undefined) await limitRate(c.env.ADDRESS_LIMIT, address);
  await next();
});
