import type { DeviceId, NodeId, OpId, UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax } from "@ashlar/shared/limits";
import type { Change, ChangeType } from "@ashlar/shared/protocol/change";

/** A row of `changes` with its version's manifest, as far as a change carries it. */
export type ChangeRow = {
  readonly seq: number;
  readonly opId: OpId;
  readonly type: ChangeType;
  readonly device: DeviceId;
  readonly at: number;
  readonly node: NodeId;
  readonly parent: NodeId;
  readonly name: string;
  readonly spelling: string | null;
  readonly path: string;
  readonly kind: Change["kind"];
  readonly rev: number;
  readonly version: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
  /** JSON of what the change says; null for none. */
  readonly deltas: string | null;
  readonly manifest: string | null;
};

/** The columns of a {@link ChangeRow}: `changes` under the alias `c`, left-joined with `versions` under `v`. */
export const changeColumns = `c.seq, c.op_id AS opId, c.type, c.device_id AS device, c.at, c.node_id AS node, c.parent_id AS parent,
  c.name, c.spelling, c.path, c.kind, c.rev, c.version, c.size, c.mtime_ms AS mtimeMs, c.mode, c.deltas,
  CASE WHEN c.type <> 'delete' AND length(v.manifest) <= ${changeManifestCharsMax} THEN v.manifest END AS manifest`;

/** The change as it was answered when it was made: nothing in it depends on what came later. */
export function changeOf(user: UserId, row: ChangeRow): Change {
  const { seq, opId, type, device, at, node, parent, name, spelling, path, kind, rev, version, size, mtimeMs, mode, manifest } = row;
  return {
    seq,
    opId,
    type,
    user,
    device,
    at,
    node,
    parent,
    name,
    ...(spelling === null ? {} : { spelling }),
    path,
    kind,
    rev,
    version,
    size,
    mtimeMs,
    mode,
    manifest,
    deltas: row.deltas === null ? [] : (JSON.parse(row.deltas) as Change["deltas"]),
  };
}
