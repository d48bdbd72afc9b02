/** Blocks: `POST /v1/blocks/check`, `POST /v1/blocks/prove`, `PUT /v1/blocks/:hash`, `POST /v1/blocks/locate`, and the signed addresses. */
import * as z from "zod/mini";
import { blockHashSchema } from "../ids.ts";
import { blockBytesMax, checkHashesMax, locateHashesMax } from "../limits.ts";

export const blockSizeSchema = z.int().check(z.minimum(1), z.maximum(blockBytesMax));

export const checkRequestSchema = z.strictObject({
  blocks: z.array(z.strictObject({ hash: blockHashSchema, size: blockSizeSchema })).check(z.minLength(1), z.maxLength(checkHashesMax)),
});
/** What a proof is keyed with: an expiry in s since 1970 and the server's signature of user, block and expiry. */
export const nonceSchema = z.string().check(z.regex(/^\d{1,12}\.[A-Za-z0-9_-]{43}$/));

/**
 * In the order asked. `have`: this user has proven possession, a commit may name it. `prove`: the server has it from enough others;
 * prove under this nonce that you have it too, or send the bytes. `upload`: send the bytes. Every block named is protected from
 * collection for 72 hours.
 */
export const checkResponseSchema = z.object({
  states: z.array(z.union([z.enum(["have", "upload"]), z.object({ prove: nonceSchema })])),
});
export type BlockState = z.infer<typeof checkResponseSchema>["states"][number];

/** `proof`: HMAC-SHA-256 of the block's plain bytes, keyed with the nonce's characters, in base64url. */
export const proveRequestSchema = z.strictObject({
  hash: blockHashSchema,
  nonce: nonceSchema,
  proof: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
});
export type ProveRequest = z.infer<typeof proveRequestSchema>;

export const locateRequestSchema = z.strictObject({
  hashes: z.array(blockHashSchema).check(z.minLength(1), z.maxLength(locateHashesMax)),
});

/**
 * Where a block's bytes are: a path on this server, signed for this user, good for about an hour, immutable.
 * A small block is `length` bytes at `offset` of a pack; `url` is then the pack's, the same for all of its blocks.
 */
export const locationSchema = z.object({
  hash: blockHashSchema,
  size: blockSizeSchema,
  url: z.string(),
  offset: z.optional(z.int().check(z.nonnegative())),
});
export type BlockLocation = z.infer<typeof locationSchema>;

/** Blocks this user has no version of are left out. */
export const locateResponseSchema = z.object({ blocks: z.array(locationSchema), expiresAt: z.int() });
