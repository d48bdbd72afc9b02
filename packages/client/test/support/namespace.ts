/** The server's namespace as its protocol describes it, in memory: enough for engines to be tested against, not the server's own code. */
import { createHash } from "node:crypto";
import { addDigest, contentDigest, emptyDigest, leafDigest } from "@ashlar/shared/digest";
import { type DeviceId, type NodeId, type OpId, type UserId, rootId } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { Change } from "@ashlar/shared/protocol/change";
import type { ConflictReason, NodeState, Op, OpResult } from "@ashlar/shared/protocol/commit";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

export type ServerNode = {
  node: NodeId;
  parent: NodeId;
  name: string;
  spelling?: string | undefined;
  kind: "file" | "folder" | "symlink";
  rev: number;
  version: number;
  size: number;
  mtimeMs: number;
  mode: number;
  manifest: string | null;
};

export class Namespace {
  readonly nodes = new Map<NodeId, ServerNode>();
  readonly journal: Change[] = [];
  /** Every manifest that ever was a version. */
  readonly versions = new Set<string>();
  readonly #manifests = new Map<string, string>();
  readonly #used = new Set<NodeId>();
  readonly #deleted = new Map<NodeId, ServerNode>();
  readonly #results = new Map<OpId, OpResult>();
  readonly #user: UserId;

  constructor(user: UserId) {
    this.#user = user;
  }

  get head(): number {
    return this.journal.length;
  }

  /** Applies the operations in order, each alone conditional; a known operation id is answered as the first time (I4). */
  commit(ops: readonly Op[], device: DeviceId): { results: OpResult[]; changes: Change[] } {
    const first = this.head;
    const results = ops.map((op) => {
      const answered = this.#results.get(op.opId);
      if (answered !== undefined) return answered;
      const reason = this.#refusal(op);
      const result: OpResult =
        reason === undefined ? this.#apply(op, device) : { opId: op.opId, status: "conflict", reason, current: this.#currentFor(op) };
      this.#results.set(op.opId, result);
      return result;
    });
    return { results, changes: this.journal.slice(first) };
  }

  /** Of any version that a node had; of a backup, of those it has. */
  manifest(node: NodeId, version: number): string | undefined {
    const now = this.nodes.get(node);
    return this.#manifests.get(`${node} ${version}`) ?? (now?.version === version ? (now.manifest ?? undefined) : undefined);
  }

  children(parent: NodeId): ServerNode[] {
    return [...this.nodes.values()].filter((node) => node.parent === parent).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  path(id: NodeId): string {
    const names: string[] = [];
    for (let at = id; at !== rootId;) {
      const node = this.nodes.get(at);
      if (node === undefined) break;
      names.push(node.name);
      at = node.parent;
    }
    return names.toReversed().join("/");
  }

  state(node: ServerNode): NodeState {
    const { manifest, ...rest } = node;
    const digest = node.kind === "folder" ? this.folderDigest(node.node) : contentDigest(sha256, manifest ?? "", node.mode);
    return { ...rest, digest };
  }

  folderDigest(id: NodeId): string {
    const leaves = this.children(id).map((child) => leafDigest(sha256, this.state(child)));
    return leaves.reduce(addDigest, emptyDigest);
  }

  #currentFor(op: Op): NodeState | null {
    const node = this.nodes.get(op.node);
    return node === undefined ? null : this.state(node);
  }

  #refusal(op: Op): ConflictReason | undefined {
    if (op.op === "create" || op.op === "mkdir") {
      if (this.#used.has(op.node)) return "id-taken";
      return this.#placeRefusal(op.node, op.parent, op.name);
    }
    const node = (op.op === "restore" ? this.#deleted : this.nodes).get(op.node);
    if (node === undefined) return op.op === "restore" && this.nodes.has(op.node) ? "stale" : "gone";
    if (node.rev !== op.baseRev) return "stale";
    if (op.op === "delete") return this.children(op.node).length > 0 ? "not-empty" : undefined;
    if (op.op === "update") return node.kind === "folder" ? "wrong-kind" : undefined;
    if (op.op === "restore") return this.#placeRefusal(op.node, op.parent, op.name);
    if (op.mode !== undefined && node.kind !== "folder") return "wrong-kind";
    for (let at = op.parent; at !== rootId;) {
      if (at === op.node) return "cycle";
      at = this.nodes.get(at)?.parent ?? rootId;
    }
    return this.#placeRefusal(op.node, op.parent, op.name);
  }

  #placeRefusal(id: NodeId, parent: NodeId, name: string): ConflictReason | undefined {
    if (parent !== rootId && this.nodes.get(parent)?.kind !== "folder") return "parent-gone";
    const taken = [...this.nodes.values()].some((node) => node.node !== id && node.parent === parent && node.name === name);
    return taken ? "name-taken" : undefined;
  }

  #apply(op: Op, device: DeviceId): OpResult {
    const path = this.path(op.node);
    const before = this.nodes.get(op.node) ?? this.#deleted.get(op.node);
    const after = changed(op, before);
    if ((op.op === "create" || op.op === "update") && op.manifest !== null) {
      const total = decodeManifest(op.manifest).reduce((sum, { size }) => sum + size, 0);
      if (total !== op.size) throw new Error("bad-manifest");
      this.versions.add(op.manifest);
    }
    this.#used.add(op.node);
    if (op.op === "delete") {
      this.nodes.delete(op.node);
      this.#deleted.set(op.node, after);
    } else {
      this.#deleted.delete(op.node);
      this.nodes.set(op.node, after);
    }
    if (after.manifest !== null) this.#manifests.set(`${op.node} ${after.version}`, after.manifest);
    const seq = this.head + 1;
    const type = op.op === "mkdir" ? "create" : op.op;
    this.journal.push({
      ...after,
      seq,
      opId: op.opId,
      type,
      user: this.#user,
      device,
      at: seq,
      path: op.op === "delete" ? path : this.path(op.node),
      deltas: [],
    });
    return { opId: op.opId, status: "applied", seq, rev: after.rev, version: after.version };
  }
}

function changed(op: Op, before: ServerNode | undefined): ServerNode {
  if (op.op === "create" || op.op === "mkdir") {
    const place = { node: op.node, parent: op.parent, name: op.name, spelling: op.spelling, rev: 1 };
    if (op.op === "create") return { ...place, kind: op.kind, version: 1, ...contentOf(op) };
    return { ...place, kind: "folder", version: 0, size: 0, mtimeMs: 0, mode: op.mode, manifest: null };
  }
  const node = known(before);
  const rev = node.rev + 1;
  if (op.op === "update") return { ...node, rev, version: node.version + 1, ...contentOf(op) };
  if (op.op === "delete") return { ...node, rev };
  return {
    ...node,
    rev,
    parent: op.parent,
    name: op.name,
    spelling: op.spelling,
    mode: (op.op === "move" ? op.mode : undefined) ?? node.mode,
  };
}

function contentOf(op: { manifest: string; size: number; mtimeMs: number; mode: number }) {
  return { manifest: op.manifest, size: op.size, mtimeMs: op.mtimeMs, mode: op.mode };
}

function known(node: ServerNode | undefined): ServerNode {
  if (node === undefined) throw new Error("an operation on nothing was not refused");
  return node;
}
