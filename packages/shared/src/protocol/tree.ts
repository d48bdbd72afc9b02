/**
 * `GET /v1/tree/:node?after=NAME&known=DIGEST`: a folder's live children in order of name, for a device without a usable cursor.
 * If the folder's digest is the one that the device knows, there is nothing to list.
 */
import * as z from "zod/mini";
import { epochSchema, seqSchema } from "../ids.ts";
import { nodeSchema } from "./commit.ts";

export const treeResponseSchema = z.object({
  epoch: epochSchema,
  /** The namespace's last seq when this page was read: changes above it may be missing from it. */
  head: seqSchema,
  folder: nodeSchema,
  children: z.array(z.extend(nodeSchema, { manifest: z.nullable(z.string()) })),
  /** Ask again with `after` this name; null at the end. */
  next: z.nullable(z.string()),
});
export type TreePage = z.infer<typeof treeResponseSchema>;
