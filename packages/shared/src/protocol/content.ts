/**
 * Whole files and archives for browsers and other programs that know nothing of blocks: `POST /v1/files/:node/address` and
 * `POST /v1/archives` answer a signed address, which needs no header and is good for an hour. `GET /v1/files/:node/content` is the
 * same with a token.
 */
import * as z from "zod/mini";
import { nodeIdSchema } from "../ids.ts";
import { archiveNodesMax } from "../limits.ts";

/** `inline`: to be shown. `download`: to be saved. */
export const contentUseSchema = z.enum(["inline", "download"]);
export type ContentUse = z.infer<typeof contentUseSchema>;

/** `POST /v1/files/:node/address`. Without a version: the newest one now. */
export const contentAddressRequestSchema = z.strictObject({ version: z.optional(z.int().check(z.minimum(1))), as: contentUseSchema });

/** `POST /v1/archives`: folders with all that is in them, and files. */
export const archiveRequestSchema = z.strictObject({ nodes: z.array(nodeIdSchema).check(z.minLength(1), z.maxLength(archiveNodesMax)) });

export const signedAddressSchema = z.object({
  /** A path on this server. */
  url: z.string(),
  /** ms since 1970. */
  expiresAt: z.int(),
});
export type SignedAddress = z.infer<typeof signedAddressSchema>;
