/** `GET /v1/files/:node/versions/:version`: a version's manifest, when it is too long for a change. */
import { readVersion } from "@ashlar/server/namespace/version";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { Hono } from "hono";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { wholeNumber } from "./query.ts";

export const files = new Hono<ApiEnv>();

files.get("/v1/files/:node/versions/:version", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const version = pathPart(wholeNumber, c.req.param("version"));
  const { user, shard } = c.var.identity;
  return c.json(await readVersion(metaShard(c.env, shard), c.env.BLOCKS, { user, node, version }));
});
