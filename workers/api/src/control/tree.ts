/** `GET /v1/tree/:node?after=NAME&known=DIGEST`: a folder's children, for devices that reconcile. */
import { readTree } from "@ashlar/server/namespace/tree";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { Hono } from "hono";
import * as z from "zod/mini";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { parseQuery } from "./query.ts";

const querySchema = z.strictObject({ after: z.optional(z.string()), known: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))) });

export const tree = new Hono<ApiEnv>();

tree.get("/v1/tree/:node", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { after = "", known } = parseQuery(c, querySchema);
  const { user, shard } = c.var.identity;
  return c.json(await readTree(metaShard(c.env, shard), { user, node, after, known }));
});
