/** The upload room: what is missing, and the bytes. It shares no state with the others. */
import { hmacSha256, sha256 } from "@ashlar/durable-objects/crypto";
import { createBlockIndex } from "@ashlar/server/blocks/block-index";
import { checkBlocks } from "@ashlar/server/blocks/check-blocks";
import { createProofs, type Proofs } from "@ashlar/server/blocks/proofs";
import { proveBlock } from "@ashlar/server/blocks/prove-block";
import { haveSmallBlocks } from "@ashlar/server/blocks/small-blocks";
import { blockBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { checkRequestSchema, proveRequestSchema } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { readPorts, withMemory } from "../delta/rebuild.ts";
import { type Env, indexShards, metaShard } from "../env.ts";
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
  const ports = { shards: indexShards(c.env), ...readPorts(c.env), clock, sha256, keyedMac: hmacSha256, proofs };
  const { user } = c.var.identity;
  // As stored and plain: a flood of proofs would else read more than the isolate has room for.
  const outcome = await withMemory(c.executionCtx, { owner: user, bytes: 2 * blockBytesMax }, () => proveBlock(ports, user, request));
  if (outcome === "damaged") console.error(`block ${request.hash} is stored and cannot be read`);
  if (outcome === "expired") throw new ProblemError("proof-expired");
  if (outcome !== "proven") throw new ProblemError("proof-failed");
  return c.body(null, 204);
});

/** Undefined where nothing is proven: whoever has a block sends it. */
function proofsOf(env: Env): Proofs | undefined {
  return env.DEDUP === "on" ? createProofs((message) => hmacSha256(env.URL_KEY, message)) : undefined;
}

for (const route of [put, delta, signature]) upload.route("/", route);
