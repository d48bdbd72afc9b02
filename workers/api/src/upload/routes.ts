/** The upload room: what is missing, and the bytes. It shares no state with the others. */
import { createBlockIndex } from "@ashlar/server/blocks/block-index";
import { haveSmallBlocks } from "@ashlar/server/blocks/small-blocks";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { type BlockState, checkRequestSchema } from "@ashlar/shared/protocol/block";
import { Hono } from "hono";
import { indexShards, metaShard } from "../env.ts";
import { readJson } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { delta } from "./delta.ts";
import { put } from "./put.ts";
import { signature } from "./signature.ts";

const clock = { now: Date.now };

export const upload = new Hono<ApiEnv>();

upload.post("/v1/blocks/check", async (c) => {
  const { blocks } = await readJson(c.req.raw, checkRequestSchema);
  const { user, shard } = c.var.identity;
  const small = blocks.filter((block) => block.size <= packBlockBytesMax).map((block) => block.hash);
  const large = blocks.filter((block) => block.size > packBlockBytesMax);
  const index = createBlockIndex({ shards: indexShards(c.env), clock });
  // First protected, then looked up: what is answered `have` cannot be collected meanwhile (I1).
  await index.protect(user, large);
  const [haveLarge, haveSmall] = await Promise.all([
    index.have(
      user,
      large.map((block) => block.hash),
    ),
    haveSmallBlocks({ db: metaShard(c.env, shard), clock }, user, small),
  ]);
  const states: BlockState[] = blocks.map(({ hash }) => (haveLarge.has(hash) || haveSmall.has(hash) ? "have" : "upload"));
  return c.json({ states });
});

for (const route of [put, delta, signature]) upload.route("/", route);
