/** A file or folder as the page knows it. */
import type { NodeId } from "@ashlar/shared/ids";
import type { Change } from "@ashlar/shared/protocol/change";
import type { NodeState } from "@ashlar/shared/protocol/commit";

export type Entry = {
  readonly node: NodeId;
  readonly parent: NodeId;
  readonly name: string;
  readonly kind: "file" | "folder" | "symlink";
  readonly rev: number;
  readonly version: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly isDeleted: boolean;
  /** Not acknowledged by the server yet. */
  readonly isPending?: boolean;
};

export function entryOf(state: NodeState | Change): Entry {
  const { node, parent, name, kind, rev, version, size, mtimeMs, mode } = state;
  return { node, parent, name, kind, rev, version, size, mtimeMs, mode, isDeleted: "type" in state && state.type === "delete" };
}
