/**
 * Blocks: `POST /v1/blocks/check`, `POST /v1/blocks/prove`, `PUT /v1/blocks/:hash`, `POST /v1/blocks/:hash/delta`,
 * `GET /v1/blocks/:hash/signature`, `POST /v1/blocks/locate`, and the signed addresses.
 */
import * as z from "zod/mini";
import { blockHashSchema } from "../ids.ts";
import { blockBytesMax, checkHashesMax, locateHashesMax } from "../limits.ts";

/**
 * How a block's bytes travel and are stored: as they are, or compressed (RFC 8878). Its name is always the hash of the plain
 * bytes. A header of our own, since everything between a client and a Worker feels free to act on Content-Encoding.
 */
export const blockEncodingSchema = z.enum(["identity", "zstd"]);
export type BlockEncoding = z.infer<typeof blockEncodingSchema>;
/** On a PUT: how the body is encoded. On the answer to a GET: likewise; `identity` when absent. */
export const encodingHeader = "ashlar-encoding";
/** On a GET: the encodings that the reader takes besides `identity`. A range is always of the plain bytes. */
export const acceptEncodingHeader = "ashlar-accept-encoding";

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
  /** What else makes the block, for a device that has all of the bases: frames of DELTA.md, at signed addresses likewise. */
  deltas: z.optional(z.array(z.object({ url: z.string(), size: z.int(), bases: z.array(blockHashSchema) }))),
});
export type BlockLocation = z.infer<typeof locationSchema>;

/** Blocks this user has no version of are left out. */
export const locateResponseSchema = z.object({ blocks: z.array(locationSchema), expiresAt: z.int() });
