/** `GET /v1/usage`: what the account holds, may hold, and has sent. */
import { readUsage } from "@ashlar/server/usage/read-usage";
import { Hono } from "hono";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";

export const usage = new Hono<ApiEnv>();

usage.get("/v1/usage", async (c) => {
  const { user, shard } = c.var.identity;
  return c.json(await readUsage(metaShard(c.env, shard), user, Date.now()));
});
