import { rootId, type NodeId } from "@ashlar/shared/ids";
import type { NodeState } from "@ashlar/shared/protocol/commit";

/** A row of `nodes`. A deleted node keeps its last place, so that it can be found and restored. */
export type NodeRow = {
  readonly node: NodeId;
  /** Null for the root only. */
  readonly parent: NodeId | null;
  readonly name: string;
  readonly spelling: string | null;
  readonly kind: NodeState["kind"];
  readonly rev: number;
  readonly version: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly digest: string;
  readonly deletedAt: number | null;
};

/** The columns of a {@link NodeRow}, of the table under the alias `n`. */
export const nodeColumns = `n.node_id AS node, n.parent_id AS parent, n.name, n.spelling, n.kind, n.rev, n.version, n.size,
  n.mtime_ms AS mtimeMs, n.mode, n.digest, n.deleted_at AS deletedAt`;

/** The node as devices see it. The root is its own parent there, since the wire knows no node without one. */
export function nodeState(row: NodeRow): NodeState {
  return {
    node: row.node,
    parent: row.parent ?? rootId,
    name: row.name,
    ...(row.spelling === null ? {} : { spelling: row.spelling }),
    kind: row.kind,
    rev: row.rev,
    version: row.version,
    size: row.size,
    mtimeMs: row.mtimeMs,
    mode: row.mode,
    digest: row.digest,
  };
}
