/** Whether one operation fits the tree as it is by then, and what it makes of its node. */
import { contentDigest, emptyDigest, type Sha256 } from "@ashlar/shared/digest";
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { historyMs, linkTargetBytesMax, pathDepthMax } from "@ashlar/shared/limits";
import type { ChangeType } from "@ashlar/shared/protocol/change";
import type { ConflictReason, Op } from "@ashlar/shared/protocol/commit";
import type { NodeRow } from "./node-row.ts";
import type { TreeOverlay } from "./tree-overlay.ts";

export type Verdict =
  | { readonly kind: "apply"; readonly type: ChangeType; readonly after: NodeRow }
  /** `about` is the node that the device has to look at. */
  | { readonly kind: "conflict"; readonly reason: ConflictReason; readonly about: NodeId }
  /** A folder moves deeper, and nobody has told how deep its subtree is. */
  | { readonly kind: "height-unknown" };

/** Levels below each moved folder, in the database; undefined while not read. */
export type Heights = ReadonlyMap<NodeId, number> | undefined;

export type JudgeContext = { readonly now: number; readonly sha256: Sha256; readonly heights: Heights };

type OpOf<Kind extends Op["op"]> = Extract<Op, { op: Kind }>;

const conflict = (reason: ConflictReason, about: NodeId): Verdict => ({ kind: "conflict", reason, about });

export function judge(tree: TreeOverlay, op: Op, context: JudgeContext): Verdict {
  if (op.op === "restore") return judgeRestore(tree, op, context);
  return op.op === "create" || op.op === "mkdir" ? judgeNew(tree, op, context) : judgeExisting(tree, op, context);
}

function judgeNew(tree: TreeOverlay, op: OpOf<"create" | "mkdir">, context: JudgeContext): Verdict {
  if (op.node === rootId) return conflict("wrong-kind", rootId);
  if (tree.get(op.node) !== undefined) return conflict("id-taken", op.node);
  const fault = placeFault(tree, op);
  if (fault !== undefined) return fault;
  const { node, parent, name, mode } = op;
  const place = { node, parent, name, spelling: op.spelling ?? null, mode, rev: 1, deletedAt: null };
  const after: NodeRow =
    op.op === "mkdir"
      ? { ...place, kind: "folder", version: 0, size: 0, mtimeMs: context.now, digest: emptyDigest }
      : { ...place, ...content(op, context.sha256), kind: op.kind, version: 1 };
  return { kind: "apply", type: "create", after };
}

function judgeExisting(tree: TreeOverlay, op: OpOf<"update" | "move" | "delete">, context: JudgeContext): Verdict {
  const row = tree.get(op.node);
  if (row === undefined || tree.chain(op.node) === undefined) return conflict("gone", op.node);
  if (op.node === rootId) return conflict("wrong-kind", rootId);
  if (row.rev !== op.baseRev) return conflict("stale", op.node);
  if (op.op === "update") return judgeUpdate(row, op, context);
  return op.op === "move" ? judgeMove(tree, row, op, context) : judgeDelete(tree, row, context);
}

/** A folder comes back empty, so that its depth is its own. */
function judgeRestore(tree: TreeOverlay, op: OpOf<"restore">, { now }: JudgeContext): Verdict {
  const row = tree.get(op.node);
  if (row === undefined) return conflict("gone", op.node);
  // A live one has another revision than it was deleted with, or was never deleted.
  if (row.deletedAt === null || row.rev !== op.baseRev) return conflict("stale", op.node);
  // Its versions may have gone already, and the row goes after them.
  if (row.deletedAt <= now - historyMs) return conflict("gone", op.node);
  const fault = placeFault(tree, op);
  if (fault !== undefined) return fault;
  const { parent, name } = op;
  return {
    kind: "apply",
    type: "restore",
    after: { ...row, parent, name, spelling: op.spelling ?? null, rev: row.rev + 1, deletedAt: null },
  };
}

function judgeUpdate(row: NodeRow, op: OpOf<"update">, { sha256 }: JudgeContext): Verdict {
  if (row.kind === "folder") return conflict("wrong-kind", row.node);
  // Devices read a link's target whole.
  if (row.kind === "symlink" && (op.size === 0 || op.size > linkTargetBytesMax)) return conflict("wrong-kind", row.node);
  return { kind: "apply", type: "update", after: { ...row, ...content(op, sha256), rev: row.rev + 1, version: row.version + 1 } };
}

function judgeDelete(tree: TreeOverlay, row: NodeRow, { now }: JudgeContext): Verdict {
  if (row.kind === "folder" && tree.childCount(row.node) > 0) return conflict("not-empty", row.node);
  const digest = row.kind === "folder" ? emptyDigest : row.digest;
  return { kind: "apply", type: "delete", after: { ...row, digest, rev: row.rev + 1, deletedAt: now } };
}

function judgeMove(tree: TreeOverlay, row: NodeRow, op: OpOf<"move">, { heights }: JudgeContext): Verdict {
  if (op.mode !== undefined && row.kind !== "folder") return conflict("wrong-kind", row.node);
  const fault = placeFault(tree, op);
  if (fault !== undefined) return fault;
  const depth = tree.depth(op.parent) + 1;
  // Where it was it fitted, so it fits wherever it is no deeper.
  if (row.kind === "folder" && depth > tree.depth(row.node)) {
    if (heights === undefined) return { kind: "height-unknown" };
    if (depth + heightOf(tree, row.node, heights) > pathDepthMax) return conflict("too-deep", row.node);
  }
  const { parent, name } = op;
  const after = { ...row, parent, name, spelling: op.spelling ?? null, mode: op.mode ?? row.mode, rev: row.rev + 1 };
  return { kind: "apply", type: "move", after };
}

function placeFault(tree: TreeOverlay, { node, parent, name }: OpOf<"create" | "mkdir" | "move" | "restore">): Verdict | undefined {
  const chain = tree.chain(parent);
  if (chain === undefined || chain[0]?.kind !== "folder") return conflict("parent-gone", node);
  if (chain.some((ancestor) => ancestor.node === node)) return conflict("cycle", node);
  const holder = tree.holder(parent, name);
  if (holder !== undefined && holder !== node) return conflict("name-taken", holder);
  return chain.length > pathDepthMax ? conflict("too-deep", node) : undefined;
}

/** Levels below a folder. What this very commit has moved out of it still counts: the device may send the move again. */
function heightOf(tree: TreeOverlay, folder: NodeId, heights: ReadonlyMap<NodeId, number>): number {
  let height = heights.get(folder) ?? 0;
  for (const id of tree.touched()) {
    const levels = tree.chain(id)?.findIndex((row) => row.node === folder) ?? -1;
    if (levels >= 0) height = Math.max(height, levels + (heights.get(id) ?? 0));
  }
  return height;
}

function content(op: OpOf<"create" | "update">, sha256: Sha256) {
  return { size: op.size, mtimeMs: op.mtimeMs, mode: op.mode, digest: contentDigest(sha256, op.manifest, op.mode) };
}
