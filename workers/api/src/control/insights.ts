/** `GET /v1/insights`: the account's numbers, with what pictures of them need. */
import { deviceNames } from "@ashlar/server/history/device-names";
import { readUsage } from "@ashlar/server/usage/read-usage";
import type { Insights } from "@ashlar/shared/protocol/insights";
import { Hono } from "hono";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { callUserObject } from "../http/user-object.ts";

export const insights = new Hono<ApiEnv>();

insights.get("/v1/insights", async (c) => {
  const { user, shard } = c.var.identity;
  const [usage, push] = await Promise.all([
    readUsage(metaShard(c.env, shard), user, Date.now()),
    callUserObject(c.env, user, async (object): Promise<Insights["push"]> => object.pushTimes()),
  ]);
  const seen = [...new Set(usage.days.map(({ device }) => device))].map((device) => ({ device }));
  const named = await deviceNames(c.env.DIRECTORY, user)(seen);
  const answer: Insights = { usage, devices: named.map(({ device, deviceName }) => ({ device, name: deviceName })), push };
  return c.json(answer);
});
