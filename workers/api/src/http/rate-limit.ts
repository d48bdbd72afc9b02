import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "./identity.ts";

/** The period of both limits in wrangler.toml. */
const periodS = 60;

export async function limitRate(limit: RateLimit, key: string): Promise<void> {
  const { success } = await limit.limit({ key });
  if (!success) throw new ProblemError("too-many-requests", undefined, { retryAfterS: periodS });
}

/** For addresses that need no session. A local server has no front that names the client's address: there nothing is limited. */
export const limitAddress = createMiddleware<ApiEnv>(async (c, next) => {
  const address = c.req.header("cf-connecting-ip");
  if (address !== undefined) await limitRate(c.env.ADDRESS_LIMIT, address);
  await next();
});
