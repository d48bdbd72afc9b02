/** `POST /v1/commits`: stores the content that comes along, and has the user's Durable Object order the rest. */
import { randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { splitIntoPacks, storePack } from "@ashlar/server/blocks/packs";
import { expandPatches } from "@ashlar/server/namespace/expand-patches";
import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import { commitHeadBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { type Received, receiveDeltas, type RequestContext } from "../delta/rebuild.ts";
import { type Env, metaShard } from "../env.ts";
import type { Identity } from "../http/access-token.ts";
import { readBytes, requireMediaType } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { callUserObject } from "../http/user-object.ts";
import { checkCommit, commitBodyBytesMax, type CommitContent, readCommit } from "./commit-request.ts";
import { choosePush } from "./push-content.ts";

export const commits = new Hono<ApiEnv>();

commits.post("/v1/commits", async (c) => {
  requireMediaType(c.req.raw, commitMediaType);
  const parts = readCommit(await readBytes(c.req.raw, commitBodyBytesMax));
  const { user, device, shard } = c.var.identity;
  const charsMax = commitHeadBytesMax - parts.headBytes;
  const storage = { db: metaShard(c.env, shard), bucket: c.env.BLOCKS };
  const { ops, patches } = await expandPatches(storage, { user, ops: parts.head.ops, charsMax });
  const content = checkCommit(ops, parts, sha256);
  const call = { user, device, shard, ops, patches, ...(await storeContent(c.env, c.executionCtx, c.var.identity, content)) };
  const answer = await callUserObject(c.env, user, (object): Promise<CommitAnswer> => object.commit(call));
  if (!answer.ok) {
    const { code, detail, hashes, retryAfterS } = answer;
    throw new ProblemError(code, detail, { ...(hashes && { hashes }), ...(retryAfterS !== undefined && { retryAfterS }) });
  }
  return c.json(answer.response);
});

type StoredContent = Pick<CommitCall, "packs" | "inlineSent" | "deltas" | "pushInline" | "pushDeltas">;

/** The content is in the bucket before the object hears of it, so a commit never names what is not there (I1). */
async function storeContent(
  env: Env,
  request: RequestContext,
  identity: Identity,
  { inline, deltas }: CommitContent,
): Promise<StoredContent> {
  const received: Received[] = deltas.length === 0 ? [] : await receiveDeltas(env, request, identity, deltas);
  const rebuilt = received.filter(({ block }) => block.size <= packBlockBytesMax).map(({ block, bytes }) => ({ ...block, bytes }));
  // A large block's delta is in its holder's row.
  const smallDeltas = deltas.filter(({ header }) => header.size <= packBlockBytesMax);
  const inlineSent = [
    ...inline.map(({ hash, bytes }) => ({ hash, bytes: bytes.length })),
    ...smallDeltas.map(({ target, frame }) => ({ hash: target, bytes: frame.length })),
  ];
  const small = splitIntoPacks([...inline, ...rebuilt]);
  const packs = await Promise.all(small.map((blocks) => storePack(env.BLOCKS, identity.user, blocks, randomBytes)));
  return { packs, inlineSent, deltas: received.flatMap(({ kept }) => kept ?? []), ...choosePush(inline, received) };
}
