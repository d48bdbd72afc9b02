/** Blocks that others hold, and proofs of them. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { createProofs } from "@ashlar/server/blocks/proofs";
import { toBase64Url } from "@ashlar/shared/encoding";
import { packBlockBytesMax, proveHoldersMax } from "@ashlar/shared/limits";
import { checkResponseSchema } from "@ashlar/shared/protocol/block";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { indexShards } from "../src/env.ts";
import { check, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";

export const large = () => newBlock(packBlockBytesMax + 1);
export const proofs = createProofs((message) => hmacSha256(env.URL_KEY, message));

/** As a commit does: the user's namespace refers to the block. */
export async function newHolder(block: TestBlock): Promise<Signed> {
  const holder = await newDevice();
  expect((await put(holder, block)).status).toBe(204);
  const hold = "UPDATE holders SET expires_at = NULL WHERE hash = ?1 AND user_id = ?2";
  for (const db of indexShards(env)) await db.prepare(hold).bind(block.hash, holder.user).run();
  return holder;
}

/** A block that so many hold that whoever else has it is asked to prove it. */
export async function heldBlock(holders = proveHoldersMax): Promise<TestBlock> {
  const block = large();
  for (let made = 0; made < holders; made++) await newHolder(block);
  return block;
}

export async function nonceFor(as: Signed, block: TestBlock): Promise<string> {
  const { states } = checkResponseSchema.parse(await check(as, [block]));
  const [state] = states;
  if (typeof state !== "object") throw new Error(`no proof is asked for: ${state}`);
  return state.prove;
}

export const proofOf = (nonce: string, bytes: Uint8Array) => toBase64Url(hmacSha256(nonce, bytes));

export function prove(as: Signed, { hash }: TestBlock, nonce: string, proof: string): Promise<Response> {
  return send("POST", "/v1/blocks/prove", { as, json: { hash, nonce, proof } });
}
