import { sessionPeriodS } from "@ashlar/shared/limits";
import type { UserId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./identity.ts";
import { networkOf } from "./network.ts";

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
/** For what looks through tens of thousands of rows, of a database that is also others'. */
export const limitWalks = createMiddleware<ApiEnv>(async (c, next) => {
  await limitFor(c, "WALK_LIMIT", c.var.identity.user);
  await next();
});

type SessionLimit = "SESSION_LIMIT" | "DOWNLOAD_LIMIT" | "WALK_LIMIT";

/** Where no middleware knows who asks: for {@link visitorsOf} an account, or its devices. */
export function limitFor(c: Context<ApiEnv>, limit: SessionLimit, who: string): Promise<void> {
  return limitRate(c.env[limit], who, sessionPeriodS);
}

/** All who have a link of that account, of whichever share: apart from its devices, which are not to wait for strangers. */
export const visitorsOf = (owner: UserId): string => `visitors ${owner}`;

/**
 * For addresses that need no session, by network: one household has 2^64 addresses of IPv6. A local server has no front that names
 * the client's address: there nothing is limited.
 */
export const limitAddress = createMiddleware<ApiEnv>(async (c, next) => {
  const address = c.req.header("cf-connecting-ip");
  if (address !== undefined) await limitRate(c.env.ADDRESS_LIMIT, networkOf(address));
  await next();
});
