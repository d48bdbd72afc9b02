/** `GET /v1/blocks/:hash/signature`: what a device needs of a block's bytes that it does not have any more, to make a delta from it. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { type BlockPlace, readPlace } from "@ashlar/server/blocks/nameable";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema } from "@ashlar/shared/ids";
import { blockBytesMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { protocolVersion } from "@ashlar/shared/protocol/version";
import { Hono } from "hono";
import { placesOf, readPorts, withMemory } from "../delta/rebuild.ts";
import { fillCache, findCached, type WholeObject } from "../download/object-cache.ts";
import type { Env } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";

export const signature = new Hono<ApiEnv>();

signature.get("/v1/blocks/:hash/signature", async (c) => {
  const hash = pathPart(blockHashSchema, c.req.param("hash"));
  const { user } = c.var.identity;
  // Asked first: who has lost the block since has no more use for its signature, which tells much of a small one's content (I2).
  const place = (await placesOf(c.env, c.var.identity, [{ hash }])).get(hash);
  if (place === undefined) throw new ProblemError("not-found");
  const headers = { "content-type": "application/octet-stream", "cache-control": "private, immutable, max-age=31536000" };
  const key = `s/${protocolVersion}/${hash}`;
  const isCaching = c.env.EDGE_CACHE !== "off";
  const cached = isCaching ? await findCached(user, key) : undefined;
  if (cached !== undefined) return new Response(cached.body, { headers: { ...headers, "content-length": String(cached.storedBytes) } });
  const bytes = await withMemory(c.executionCtx, { owner: user, bytes: 2 * blockBytesMax }, () => sign(c.env, place));
  if (isCaching) c.executionCtx.waitUntil(fillCache(user, key, cacheEntry(bytes)));
  return new Response(bytes, { headers });
});

/** A damaged block has no signature: whoever copied from it would send a delta in vain. */
async function sign(env: Env, place: BlockPlace): Promise<Uint8Array<ArrayBuffer>> {
  const block = await readPlace(readPorts(env), place);
  if (block.state !== "whole" || toHex(sha256(block.bytes)) !== place.hash) throw new ProblemError("not-found");
  return new Uint8Array(deltaCodec().sign(block.bytes));
}

function cacheEntry(bytes: Uint8Array<ArrayBuffer>): WholeObject {
  return { body: new Blob([bytes]).stream(), storedBytes: bytes.length, form: { encoding: "identity", size: bytes.length } };
}
