/**
 * Shares: a link to a file or folder for people without an account. The owner makes, lists and ends them under `/v1/shares`;
 * who has the link asks under `/v1/s/`, where nothing tells who the owner is. A share follows its node wherever that is moved,
 * and shows it as it is now.
 */
import * as z from "zod/mini";
import { nodeIdSchema, shareIdSchema } from "../ids.ts";
import { archiveNodesMax, passwordCharsMax, shareDownloadsMax, sharePasswordCharsMin } from "../limits.ts";
import { contentUseSchema } from "./content.ts";

const sharePassword = z.string().check(z.minLength(sharePasswordCharsMin), z.maxLength(passwordCharsMax));

/** `POST /v1/shares`. */
export const shareRequestSchema = z.strictObject({
  node: nodeIdSchema,
  password: z.optional(sharePassword),
  /** ms since 1970; without it the share lasts until it is ended. */
  expiresAt: z.optional(z.int().check(z.positive())),
  /** How often content may be asked for: each address of a file or archive counts as one. */
  downloadsMax: z.optional(z.int().check(z.minimum(1), z.maximum(shareDownloadsMax))),
});
export type ShareRequest = z.infer<typeof shareRequestSchema>;

export const shareSchema = z.object({
  id: shareIdSchema,
  node: nodeIdSchema,
  /** The page to hand on: a path on this server, `/s/TOKEN`. */
  url: z.string(),
  token: z.string(),
  hasPassword: z.boolean(),
  createdAt: z.int(),
  expiresAt: z.nullable(z.int()),
  downloadsMax: z.nullable(z.int()),
  downloads: z.int(),
  /** Where the node is now, from the root, `/` between names; null if it is not there. */
  path: z.nullable(z.string()),
});
export type Share = z.infer<typeof shareSchema>;

/** `GET /v1/shares`: all of the account, the newest first. `DELETE /v1/shares/:id` ends one. */
export const sharesSchema = z.object({ shares: z.array(shareSchema) });

/** A file or folder as people with the link see it. Symbolic links are left out: their targets name places of the owner's disk. */
export const sharedNodeSchema = z.object({
  node: nodeIdSchema,
  name: z.string(),
  kind: z.enum(["file", "folder"]),
  size: z.int(),
  mtimeMs: z.int(),
});
export type SharedNode = z.infer<typeof sharedNodeSchema>;

/** `GET /v1/s/:token`. A share that is unknown, ended, expired, used up or without its node is `not-found`, all alike. */
export const shareInfoSchema = z.object({
  needsPassword: z.boolean(),
  /** Null where a password is needed first. */
  root: z.nullable(sharedNodeSchema),
  expiresAt: z.nullable(z.int()),
  /** Null: as many as one likes. */
  downloadsLeft: z.nullable(z.int()),
});
export type ShareInfo = z.infer<typeof shareInfoSchema>;

/** `POST /v1/s/:token/open`. */
export const shareOpenRequestSchema = z.strictObject({ password: z.optional(z.string().check(z.maxLength(passwordCharsMax))) });
export const shareOpenedSchema = z.object({
  /** For {@link ticketHeader}; good until `ticketExpiresAt`, or until the share ends. */
  ticket: z.string(),
  ticketExpiresAt: z.int(),
  root: sharedNodeSchema,
  downloadsLeft: z.nullable(z.int()),
});
export type ShareOpened = z.infer<typeof shareOpenedSchema>;

export const ticketHeader = "ashlar-ticket";

/** `GET /v1/s/tree/:node?after=NAME`: a shared folder's children in order of name. */
export const sharedTreeSchema = z.object({
  folder: sharedNodeSchema,
  children: z.array(sharedNodeSchema),
  /** Ask again with `after` this name; null at the end. */
  next: z.nullable(z.string()),
});
export type SharedTree = z.infer<typeof sharedTreeSchema>;

/** `POST /v1/s/address` and `POST /v1/s/archive`, with a ticket: answered with a signed address. */
export const sharedAddressRequestSchema = z.strictObject({ node: nodeIdSchema, as: contentUseSchema });
export const sharedArchiveRequestSchema = z.strictObject({
  nodes: z.array(nodeIdSchema).check(z.minLength(1), z.maxLength(archiveNodesMax)),
});
