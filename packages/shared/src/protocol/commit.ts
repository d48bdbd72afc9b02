/**
 * `POST /v1/commits`: operations, applied in order, each alone conditional on the revision its device had seen.
 *
 * The body is `application/vnd.ashlar.commit`: a 32-bit big-endian length, that many bytes of JSON ({@link commitHeadSchema}),
 * then the bytes of the inline blocks and of the deltas in the order the head lists them, and nothing else.
 */
import * as z from "zod/mini";
import { blockHashSchema, nodeIdSchema, opIdSchema, seqSchema } from "../ids.ts";
import { commitDeltasMax, commitInlineBlocksMax, commitOpsMax, deltaFrameBytesMax, fileBytesMax, packBlockBytesMax } from "../limits.ts";
import { manifestPatchSchema } from "../manifest-patch.ts";
import { nameFault } from "../names.ts";
import { changeSchema } from "./change.ts";

export const commitMediaType = "application/vnd.ashlar.commit";

const name = z.string().check(z.refine((value) => nameFault(value) === undefined, { error: "bad-name" }));
const spelling = z.optional(z.string());
const mode = z.int().check(z.minimum(0), z.maximum(0o777));
const rev = z.int().check(z.minimum(1));
const mtimeMs = z.int();
const base = { opId: opIdSchema, node: nodeIdSchema };
const place = { parent: nodeIdSchema, name, spelling };
const content = {
  /** As `encodeManifest` writes it; a symbolic link's content is its target. */
  manifest: z.string(),
  size: z.int().check(z.minimum(0), z.maximum(fileBytesMax)),
  mtimeMs,
  mode,
};

/** A new file or symbolic link. */
export const createOpSchema = z.strictObject({ op: z.literal("create"), ...base, ...place, kind: z.enum(["file", "symlink"]), ...content });
/** A new version of a file or symbolic link; its place stays. */
export const updateOpSchema = z.strictObject({ op: z.literal("update"), ...base, baseRev: rev, ...content });
/** A new folder. */
export const mkdirOpSchema = z.strictObject({ op: z.literal("mkdir"), ...base, ...place, mode });
/** Another parent, name or spelling, or a folder's other mode. */
export const moveOpSchema = z.strictObject({
  op: z.literal("move"),
  ...base,
  baseRev: rev,
  ...place,
  /** Folders only: a file's mode is part of its version. */
  mode: z.optional(mode),
});
/** A folder must be empty by then: its children are deleted first, each conditional on its own revision. */
export const deleteOpSchema = z.strictObject({ op: z.literal("delete"), ...base, baseRev: rev });

/** A deleted node comes back under its id: a file with its last version, a folder empty. `baseRev` is the one it was deleted with. */
export const restoreOpSchema = z.strictObject({ op: z.literal("restore"), ...base, baseRev: rev, ...place });

export const opSchema = z.discriminatedUnion("op", [
  createOpSchema,
  updateOpSchema,
  mkdirOpSchema,
  moveOpSchema,
  deleteOpSchema,
  restoreOpSchema,
]);
export type Op = z.infer<typeof opSchema>;

/** An update as it travels when its manifest is long and little of it changed: the Worker puts the manifest together again. */
export const patchedUpdateOpSchema = z.strictObject({
  ...z.omit(updateOpSchema, { manifest: true }).shape,
  patch: manifestPatchSchema,
});
export type PatchedUpdateOp = z.infer<typeof patchedUpdateOpSchema>;
export const wireOpSchema = z.union([opSchema, patchedUpdateOpSchema]);
export type WireOp = z.infer<typeof wireOpSchema>;

export const commitHeadSchema = z.strictObject({
  ops: z.array(wireOpSchema).check(z.minLength(1), z.maxLength(commitOpsMax)),
  /** The small blocks that follow, each once. */
  inline: z
    .array(z.strictObject({ hash: blockHashSchema, size: z.int().check(z.minimum(1), z.maximum(packBlockBytesMax)) }))
    .check(z.maxLength(commitInlineBlocksMax)),
  /** The frames of DELTA.md that follow them: `target` is a block that an operation names, of any size. */
  deltas: z.optional(
    z
      .array(z.strictObject({ target: blockHashSchema, size: z.int().check(z.minimum(1), z.maximum(deltaFrameBytesMax)) }))
      .check(z.maxLength(commitDeltasMax)),
  ),
});
export type CommitHead = z.infer<typeof commitHeadSchema>;

export const conflictReasons = [
  /** The node's revision is not the one the operation was made for. */
  "stale",
  /** There is no such node, it is deleted, or its id is in use by another (for a create). */
  "gone",
  "id-taken",
  /** The parent does not exist, is deleted, or is not a folder. */
  "parent-gone",
  /** Another live node has that name in that folder: `current` is it. */
  "name-taken",
  /** A folder cannot move into itself or below. */
  "cycle",
  "not-empty",
  "too-deep",
  /** The operation does not fit the node's kind, or the root. */
  "wrong-kind",
] as const;
export const conflictReasonSchema = z.enum(conflictReasons);
export type ConflictReason = z.infer<typeof conflictReasonSchema>;

/** A live node as it is now, in a conflict answer and in the tree's listing. */
export const nodeSchema = z.object({
  node: nodeIdSchema,
  parent: nodeIdSchema,
  name: z.string(),
  spelling: z.optional(z.string()),
  kind: z.enum(["file", "folder", "symlink"]),
  rev,
  /** 0 for a folder. */
  version: z.int(),
  size: z.int(),
  mtimeMs,
  mode: z.int(),
  digest: z.string(),
});
export type NodeState = z.infer<typeof nodeSchema>;

export const opResultSchema = z.discriminatedUnion("status", [
  z.object({ opId: opIdSchema, status: z.literal("applied"), seq: seqSchema, rev, version: z.int() }),
  z.object({ opId: opIdSchema, status: z.literal("conflict"), reason: conflictReasonSchema, current: z.nullable(nodeSchema) }),
]);
export type OpResult = z.infer<typeof opResultSchema>;

/** Results in the order of the operations; the changes are the same that the other devices are pushed. */
export const commitResponseSchema = z.object({
  results: z.array(opResultSchema),
  /** The namespace's last seq after this commit. */
  head: seqSchema,
  changes: z.array(changeSchema),
});
export type CommitResponse = z.infer<typeof commitResponseSchema>;
