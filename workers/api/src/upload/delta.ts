/** `POST /v1/blocks/:hash/delta`: a block as its difference to blocks that this user has. */
import { checkDeltaHeader } from "../delta/delta-header.ts";
import { saveDeltas } from "@ashlar/server/blocks/kept-deltas";
import { blockHashSchema } from "@ashlar/shared/ids";
import { deltaFrameBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { Hono } from "hono";
import { receiveDeltas } from "../delta/rebuild.ts";
import { metaShard } from "../env.ts";
import { readBytes, requireMediaType } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { storeSmall } from "./store.ts";

export const delta = new Hono<ApiEnv>();

delta.post("/v1/blocks/:hash/delta", async (c) => {
  const target = pathPart(blockHashSchema, c.req.param("hash"));
  requireMediaType(c.req.raw, "application/octet-stream");
  const frame = await readBytes(c.req.raw, deltaFrameBytesMax);
  const header = checkDeltaHeader(frame, target);
  const { identity } = c.var;
  for (const { block, bytes, kept } of await receiveDeltas(c.env, c.executionCtx, identity, [{ target, header, frame }])) {
    if (block.size <= packBlockBytesMax) await storeSmall(c.env, identity, block, bytes);
    if (kept !== undefined) await saveDeltas(metaShard(c.env, identity.shard), identity.user, [kept], Date.now());
  }
  return c.body(null, 204);
});
