/**
 * `GET /v1/tree/:node?after=NAME&known=DIGEST`: a folder's live children in order of name, for a device without a usable cursor.
 * If the folder's digest is the one that the device knows, there is nothing to list. `POST /v1/tree` asks the same of several.
 */
import * as z from "zod/mini";
import { epochSchema, nodeIdSchema, seqSchema } from "../ids.ts";
import { treeFoldersMax } from "../limits.ts";
import { nodeSchema } from "./commit.ts";

const digestSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/));
export const treeQuerySchema = z.strictObject({ after: z.optional(z.string()), known: z.optional(digestSchema) });

export const foldersRequestSchema = z.strictObject({
  folders: z.array(z.extend(treeQuerySchema, { node: nodeIdSchema })).check(z.minLength(1), z.maxLength(treeFoldersMax)),
});

export const treeResponseSchema = z.object({
  epoch: epochSchema,
  /** The namespace's last seq when this page was read: changes above it may be missing from it. */
  head: seqSchema,
  folder: nodeSchema,
  children: z.array(z.extend(nodeSchema, { manifest: z.nullable(z.string()) })),
  /** Ask again with `after` this name; null at the end. */
  next: z.nullable(z.string()),
});
/** In the order of the question. Null: there is no such folder. */
export const foldersResponseSchema = z.object({ folders: z.array(z.nullable(treeResponseSchema)) });
export type TreePage = z.infer<typeof treeResponseSchema>;
