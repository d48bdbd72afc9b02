/** `GET /v1/search?q=&after=`: live nodes by what their name contains. */
import { search as searchNames } from "@ashlar/server/namespace/search";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { searchCharsMax } from "@ashlar/shared/limits";
import { Hono } from "hono";
import * as z from "zod/mini";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { parseQuery } from "./query.ts";

const querySchema = z.strictObject({ q: z.string().check(z.minLength(1), z.maxLength(searchCharsMax)), after: z.optional(nodeIdSchema) });

export const search = new Hono<ApiEnv>();

search.get("/v1/search", async (c) => {
  const { q: text, after = "" } = parseQuery(c, querySchema);
  const { user, shard } = c.var.identity;
  return c.json(await searchNames(metaShard(c.env, shard), { user, text, after }));
});
