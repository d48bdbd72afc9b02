/** Operations of the benchmarks, sent straight to the edge: files are empty, so that the namespace alone is measured. */
import { randomBytes } from "node:crypto";
import type { Edge } from "@ashlar/client/ports";
import { newId, type NodeId, type OpId } from "@ashlar/shared/ids";
import { commitOpsMax } from "@ashlar/shared/limits";
import type { Op } from "@ashlar/shared/protocol/commit";

const opId = () => newId<OpId>(randomBytes);
export const nodeId = () => newId<NodeId>(randomBytes);
export const mkdir = (node: NodeId, parent: NodeId, name: string): Op => ({ op: "mkdir", opId: opId(), node, parent, name, mode: 0o755 });
export const create = (node: NodeId, parent: NodeId, name: string): Op => ({
  op: "create",
  opId: opId(),
  node,
  parent,
  name,
  kind: "file",
  manifest: "",
  size: 0,
  mtimeMs: 0,
  mode: 0o644,
});
export const update = (node: NodeId): Op => ({
  op: "update",
  opId: opId(),
  node,
  baseRev: 1,
  manifest: "",
  size: 0,
  mtimeMs: 1,
  mode: 0o600,
});
export const move = (node: NodeId, baseRev: number, parent: NodeId, name: string): Op => ({
  op: "move",
  opId: opId(),
  node,
  baseRev,
  parent,
  name,
});

export async function send(edge: Edge, ops: readonly Op[]): Promise<void> {
  for (let at = 0; at < ops.length; at += commitOpsMax) {
    const { results } = await edge.commit(ops.slice(at, at + commitOpsMax), { inline: [], deltas: [] });
    const refused = results.find(({ status }) => status !== "applied");
    if (refused !== undefined) throw new Error(`the edge refused an operation: ${JSON.stringify(refused)}`);
  }
}
