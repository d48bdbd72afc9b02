/**
 * History: what was at a path, the versions of a file, the trash, the tree of a moment, and who changed what. Times are ms
 * since 1970. Whoever asks for a page goes on from `next` until it is null. Device names are null for devices long gone.
 */
import * as z from "zod/mini";
import { deviceIdSchema, nodeIdSchema, seqSchema } from "../ids.ts";
import { changeTypeSchema } from "./change.ts";
import { nodeSchema } from "./commit.ts";

/** A node, live or deleted; a deleted one has the place and revision that it was deleted with. */
export const pastNodeSchema = z.extend(nodeSchema, { deletedAt: z.nullable(z.int()) });
export type PastNode = z.infer<typeof pastNodeSchema>;

const author = { device: deviceIdSchema, deviceName: z.nullable(z.string()) };

/** `GET /v1/find?path=`: what is at a path, or else what was deleted there last; before it the folders above, from below the root. */
export const foundSchema = z.object({ chain: z.array(pastNodeSchema) });
export type Found = z.infer<typeof foundSchema>;

/** `GET /v1/files/:node/versions?before=VERSION`: newest first, also of a deleted file. */
export const versionsSchema = z.object({
  node: pastNodeSchema,
  versions: z.array(
    z.object({
      version: z.int(),
      size: z.int(),
      mtimeMs: z.int(),
      mode: z.int(),
      ...author,
      createdAt: z.int(),
      /** Null for the newest. */
      supersededAt: z.nullable(z.int()),
    }),
  ),
  next: z.nullable(z.int()),
});
export type VersionsPage = z.infer<typeof versionsSchema>;
export type VersionRow = VersionsPage["versions"][number];

/** `GET /v1/trash?before=SEQ`: what was deleted, newest first. A folder stands for all that was deleted with it. */
export const trashSchema = z.object({
  items: z.array(
    z.extend(pastNodeSchema, {
      ...author,
      /** Where it comes back: the folders above it may have been renamed since. */
      path: z.string(),
      /** Where it was when it was deleted. */
      deletedPath: z.string(),
    }),
  ),
  next: z.nullable(seqSchema),
});
export type TrashPage = z.infer<typeof trashSchema>;

/** `GET /v1/trash/below?folders=ID,ID&after=CURSOR`: what was deleted with each folder, directly in it; `after` with one folder only. */
export const trashBelowSchema = z.object({
  folders: z.array(z.object({ folder: nodeIdSchema, children: z.array(pastNodeSchema), next: z.nullable(z.string()) })),
});
export type TrashBelow = z.infer<typeof trashBelowSchema>;

/** How a node was at a moment. */
export const wantedStateSchema = z.object({
  parent: nodeIdSchema,
  name: z.string(),
  spelling: z.optional(z.string()),
  version: z.int(),
  size: z.int(),
  mtimeMs: z.int(),
  mode: z.int(),
  /** Whether it has the same content and mode now; `lost` if the version is no longer kept. A folder's is `same`. */
  content: z.enum(["same", "other", "lost"]),
  /** Only of other content, and null for a long one: `GET /v1/files/:node/versions/:version`. */
  manifest: z.nullable(z.string()),
});
export type WantedState = z.infer<typeof wantedStateSchema>;

/**
 * `GET /v1/rewind?to=TIME[&after=SEQ]`: the nodes of the changes since a moment, and how each was then, if it was. A node
 * counts where it comes first: later pages may name it again. Those that are as they were are named as well.
 */
export const rewindSchema = z.object({
  head: seqSchema,
  items: z.array(z.object({ node: pastNodeSchema, wanted: z.nullable(wantedStateSchema) })),
  /** There then, and no longer kept in any form. */
  lost: z.array(z.object({ node: nodeIdSchema, parent: nodeIdSchema, path: z.string() })),
  /** The folders above both places of each, as they are now. */
  folders: z.array(pastNodeSchema),
  next: z.nullable(seqSchema),
});
export type RewindPage = z.infer<typeof rewindSchema>;

/** `GET /v1/log?from=TIME&after=SEQ[&path=][&node=]`: the audit trail, oldest first, as far back as history goes. */
export const logSchema = z.object({
  head: seqSchema,
  entries: z.array(
    z.object({
      seq: seqSchema,
      at: z.int(),
      type: changeTypeSchema,
      ...author,
      node: nodeIdSchema,
      parent: nodeIdSchema,
      path: z.string(),
      kind: z.enum(["file", "folder", "symlink"]),
      version: z.int(),
      size: z.int(),
      /** Its place before; null for what came into being. */
      from: z.nullable(z.object({ parent: nodeIdSchema, name: z.string() })),
    }),
  ),
  next: z.nullable(seqSchema),
});
export type LogPage = z.infer<typeof logSchema>;
export type LogEntry = LogPage["entries"][number];
