/** The upload room: what is missing, and the bytes. It shares no state with the others. */
import { hmacSha256, randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { createBlockIndex } from "@ashlar/server/blocks/block-index";
import { checkBlocks } from "@ashlar/server/blocks/check-blocks";
import { storePack } from "@ashlar/server/blocks/packs";
import { createProofs, type Proofs } from "@ashlar/server/blocks/proofs";
import { proveBlock } from "@ashlar/server/blocks/prove-block";
import { haveSmallBlocks, recordPack } from "@ashlar/server/blocks/small-blocks";
import { storeBlock } from "@ashlar/server/blocks/store-block";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema } from "@ashlar/shared/ids";
import { blockBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { checkRequestSchema, proveRequestSchema } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { type Env, indexShards, metaShard } from "../env.ts";
import type { Identity } from "../http/access-token.ts";
import { readBytes, readJson } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";

/** Seconds after which a block that is being collected can be sent again. */
const collectionRetryS = 10;
const clock = { now: Date.now };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const upload = new Hono<ApiEnv>();

upload.post("/v1/blocks/check", async (c) => {
  const { blocks } = await readJson(c.req.raw, checkRequestSchema);
  const { user, shard } = c.var.identity;
  const small = blocks.filter((block) => block.size <= packBlockBytesMax).map((block) => block.hash);
  const large = blocks.filter((block) => block.size > packBlockBytesMax);
  const ports = {
    index: createBlockIndex({ shards: indexShards(c.env), clock }),
    clock,
    proofs: proofsOf(c.env),
    afterwards: (work: Promise<void>) => c.executionCtx.waitUntil(work),
  };
  const [states, haveSmall] = await Promise.all([
    checkBlocks(ports, user, large),
    haveSmallBlocks({ db: metaShard(c.env, shard), clock }, user, small),
  ]);
  const stateOf = new Map(large.map(({ hash }, at) => [hash, states[at]]));
  return c.json({ states: blocks.map(({ hash }) => stateOf.get(hash) ?? (haveSmall.has(hash) ? "have" : "upload")) });
});

upload.post("/v1/blocks/prove", async (c) => {
  const request = await readJson(c.req.raw, proveRequestSchema);
  const proofs = proofsOf(c.env);
  if (proofs === undefined) throw new ProblemError("proof-failed");
  const ports = { shards: indexShards(c.env), bucket: c.env.BLOCKS, clock, sha256, keyedMac: hmacSha256, proofs };
  const outcome = await proveBlock(ports, c.var.identity.user, request);
  if (outcome === "damaged") console.error(`block ${request.hash} is stored and cannot be read`);
  if (outcome === "expired") throw new ProblemError("proof-expired");
  if (outcome !== "proven") throw new ProblemError("proof-failed");
  return c.body(null, 204);
});

/** Undefined where nothing is proven: whoever has a block sends it. */
function proofsOf(env: Env): Proofs | undefined {
  return env.DEDUP === "on" ? createProofs((message) => hmacSha256(env.URL_KEY, message)) : undefined;
}

upload.put("/v1/blocks/:hash", async (c) => {
  const hash = pathPart(blockHashSchema, c.req.param("hash"));
  const bytes = await readBytes(c.req.raw, blockBytesMax);
  if (bytes.length === 0) throw new ProblemError("bad-request", "A block has at least 1 byte.");
  if (toHex(sha256(bytes)) !== hash) throw new ProblemError("hash-mismatch");
  const block = { hash, size: bytes.length };
  const store = block.size <= packBlockBytesMax ? storeSmall : storeLarge;
  await store(c.env, c.var.identity, block, bytes);
  // The same answer whether the bytes were there before or not: somebody else may have sent them.
  return c.body(null, 204);
});

async function storeLarge(env: Env, { user }: Identity, block: BlockRef, bytes: Uint8Array): Promise<void> {
  const outcome = await storeBlock({ shards: indexShards(env), bucket: env.BLOCKS, clock, sleep }, user, block, bytes);
  if (outcome.type === "being-deleted") {
    throw new ProblemError("try-again", "This block is just being collected: send it again shortly.", { retryAfterS: collectionRetryS });
  }
}

/** A small block on its own makes a pack of one. */
async function storeSmall(env: Env, { user, shard }: Identity, block: BlockRef, bytes: Uint8Array): Promise<void> {
  const ports = { db: metaShard(env, shard), clock };
  const have = await haveSmallBlocks(ports, user, [block.hash]);
  if (have.has(block.hash)) return;
  await recordPack(ports, user, await storePack(env.BLOCKS, user, [{ ...block, bytes }], randomBytes));
}
