/** `POST /v1/commits`: stores the small content, and has the user's Durable Object order the rest. */
import { randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { splitIntoPacks, storePack } from "@ashlar/server/blocks/packs";
import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import { toBase64Url } from "@ashlar/shared/encoding";
import { pushInlineBytesMax } from "@ashlar/shared/limits";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import type { Env } from "../env.ts";
import type { Identity } from "../http/access-token.ts";
import { readBytes, requireMediaType } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { callUserObject } from "../http/user-object.ts";
import { commitBodyBytesMax, type CommitRequest, parseCommit } from "./commit-request.ts";

export const commits = new Hono<ApiEnv>();

commits.post("/v1/commits", async (c) => {
  requireMediaType(c.req.raw, commitMediaType);
  const request = parseCommit(await readBytes(c.req.raw, commitBodyBytesMax), sha256);
  const call = await storeContent(c.env, c.var.identity, request);
  const answer = await callUserObject(c.env, call.user, (object): Promise<CommitAnswer> => object.commit(call));
  if (!answer.ok) {
    const { code, detail, hashes, retryAfterS } = answer;
    throw new ProblemError(code, detail, { ...(hashes && { hashes }), ...(retryAfterS !== undefined && { retryAfterS }) });
  }
  return c.json(answer.response);
});

/** The content is in the bucket before the object hears of it, so a commit never names what is not there (I1). */
async function storeContent(env: Env, { user, device, shard }: Identity, { ops, inline }: CommitRequest): Promise<CommitCall> {
  const packs = await Promise.all(splitIntoPacks(inline).map((blocks) => storePack(env.BLOCKS, user, blocks, randomBytes)));
  const inlineBytes = inline.reduce((total, block) => total + block.size, 0);
  const pushed = inlineBytes <= pushInlineBytesMax ? inline : [];
  return { user, device, shard, ops, packs, pushInline: pushed.map(({ hash, bytes }) => ({ hash, data: toBase64Url(bytes) })) };
}
