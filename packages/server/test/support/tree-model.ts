/** A namespace as plainly as it can be said: a list of nodes, searched from end to end. What admission must agree with. */
import type { ConflictReason, Op } from "@ashlar/shared/protocol/commit";
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "./namespace-world.ts";

type ModelNode = { parent: NodeId; name: string; folder: boolean; rev: number; version: number; size: number; deleted: boolean };
export type ModelResult = { seq: number; rev: number; version: number } | { reason: ConflictReason };

export class TreeModel {
  readonly nodes = new Map<NodeId, ModelNode>([
    [rootId, { parent: rootId, name: "", folder: true, rev: 1, version: 0, size: 0, deleted: false }],
  ]);
  seq = 0;
  #failed = new Set<NodeId>();
  #unmade = new Set<NodeId>();

  /** A new commit forgets what failed in the last. */
  begin(): void {
    this.#failed = new Set();
    this.#unmade = new Set();
  }

  rev(node: NodeId): number {
    return this.nodes.get(node)?.rev ?? 1;
  }

  bytesUsed(): number {
    return [...this.nodes.values()].filter(({ deleted }) => !deleted).reduce((total, { size }) => total + size, 0);
  }

  /** Paths of all live nodes, with what can be seen of them. */
  paths(): Map<string, { node: NodeId; rev: number; version: number; size: number }> {
    const live = [...this.nodes].filter(([, { deleted }]) => !deleted);
    return new Map(live.map(([node, { rev, version, size }]) => [this.#path(node), { node, rev, version, size }]));
  }

  apply(op: Op): ModelResult {
    const reason = this.#fault(op);
    if (reason !== undefined) {
      this.#failed.add(op.node);
      if (op.op === "create" || op.op === "mkdir") this.#unmade.add(op.node);
      return { reason };
    }
    const old = this.nodes.get(op.node);
    const base: ModelNode = old ?? { parent: rootId, name: "", folder: op.op === "mkdir", rev: 0, version: 0, size: 0, deleted: false };
    const node = { ...base, rev: base.rev + 1 };
    if ("parent" in op) Object.assign(node, { parent: op.parent, name: op.name });
    if ("manifest" in op) Object.assign(node, { version: base.version + 1, size: op.size });
    if (op.op === "delete") node.deleted = true;
    if (op.op === "restore") node.deleted = false;
    this.nodes.set(op.node, node);
    this.seq += 1;
    return { seq: this.seq, rev: node.rev, version: node.version };
  }

  #fault(op: Op): ConflictReason | undefined {
    if (this.#failed.has(op.node)) return "stale";
    if ("parent" in op && this.#unmade.has(op.parent)) return "parent-gone";
    const node = this.nodes.get(op.node);
    if (op.op === "create" || op.op === "mkdir") {
      if (op.node === rootId) return "wrong-kind";
      return node === undefined ? this.#placeFault(op) : "id-taken";
    }
    if (op.op === "restore") {
      if (node === undefined) return "gone";
      return node.deleted && node.rev === op.baseRev ? this.#placeFault(op) : "stale";
    }
    if (node === undefined || node.deleted) return "gone";
    if (op.node === rootId) return "wrong-kind";
    if (node.rev !== op.baseRev) return "stale";
    if (op.op === "update") return node.folder ? "wrong-kind" : undefined;
    if (op.op === "move") return this.#placeFault(op);
    return [...this.nodes.values()].some(({ parent, deleted }) => parent === op.node && !deleted) ? "not-empty" : undefined;
  }

  #placeFault({ node, parent, name }: { node: NodeId; parent: NodeId; name: string }): ConflictReason | undefined {
    const folder = this.nodes.get(parent);
    if (folder === undefined || folder.deleted || !folder.folder) return "parent-gone";
    for (let at = parent; ; at = this.nodes.get(at)?.parent ?? rootId) {
      if (at === node) return "cycle";
      if (at === rootId) break;
    }
    const taken = [...this.nodes].some(
      ([id, other]) => id !== node && id !== rootId && !other.deleted && other.parent === parent && other.name === name,
    );
    return taken ? "name-taken" : undefined;
  }

  #path(node: NodeId): string {
    const row = this.nodes.get(node);
    return row === undefined || node === rootId ? "" : `${this.#path(row.parent)}/${row.name}`;
  }
}
