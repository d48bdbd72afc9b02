/** `POST /v1/blocks/locate`: signed addresses of the blocks that the user's versions are made of. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { locateBlocks } from "@ashlar/server/blocks/locate";
import { createUrlSigner } from "@ashlar/server/blocks/signed-url";
import { locateRequestSchema } from "@ashlar/shared/protocol/block";
import { Hono } from "hono";
import { metaShard } from "../env.ts";
import { readJson } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";

export const locate = new Hono<ApiEnv>();

locate.post("/v1/blocks/locate", async (c) => {
  const { hashes } = await readJson(c.req.raw, locateRequestSchema);
  const { user, shard } = c.var.identity;
  const signer = createUrlSigner((message) => hmacSha256(c.env.URL_KEY, message));
  const now = Date.now();
  const blocks = await locateBlocks({ db: metaShard(c.env, shard), signer }, user, hashes, now);
  return c.json({ blocks, expiresAt: signer.expiresAt(now) });
});
