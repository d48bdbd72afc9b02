/** `GET /v1/tree/:node?after=NAME&known=DIGEST`: a folder's children, for devices that reconcile; with POST those of several. */
import { readFolders, readTree } from "@ashlar/server/namespace/tree";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { foldersRequestSchema, treeQuerySchema } from "@ashlar/shared/protocol/tree";
import { Hono } from "hono";
import { metaShard } from "../env.ts";
import { readJson } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { parseQuery } from "./query.ts";

export const tree = new Hono<ApiEnv>();

tree.get("/v1/tree/:node", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { after = "", known } = parseQuery(c, treeQuerySchema);
  const { user, shard } = c.var.identity;
  return c.json(await readTree(metaShard(c.env, shard), { user, node, after, known }));
});

tree.post("/v1/tree", async (c) => {
  const { folders } = await readJson(c.req.raw, foldersRequestSchema);
  const { user, shard } = c.var.identity;
  const questions = folders.map(({ node, after = "", known }) => ({ node, after, known }));
  return c.json({ folders: await readFolders(metaShard(c.env, shard), user, questions) });
});
