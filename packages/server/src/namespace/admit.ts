/** The decision of a commit: from what is known and what is asked to what is to be written. No I/O. */
import type { Sha256 } from "@ashlar/shared/digest";
import { rootId, type BlockHash, type DeviceId, type NodeId, type OpId, type PackId, type UserId } from "@ashlar/shared/ids";
import { changeDeltasMax, changeManifestCharsMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { Change, ChangeType } from "@ashlar/shared/protocol/change";
import type { ConflictReason, Op, OpResult } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { KeptDelta } from "../blocks/kept-deltas.ts";
import type { PreviousManifest } from "./answer-patches.ts";
import type { CheckedOp } from "./checked-op.ts";
import { updateDigests } from "./digests.ts";
import { nodeState, type NodeRow } from "./node-row.ts";
import { TreeOverlay } from "./tree-overlay.ts";
import { judge, type Heights } from "./verdict.ts";

export type NamespaceRow = {
  readonly epoch: string;
  readonly seq: number;
  readonly generation: number;
  readonly bytesUsed: number;
  readonly quotaBytes: number;
};

export type BlockRow = {
  readonly hash: BlockHash;
  readonly size: number;
  readonly refs: number;
  readonly pack: PackId | null;
  readonly packOffset: number | null;
};

/** What the shard knew about everything that the operations name. */
export type Loaded = {
  readonly namespace: NamespaceRow;
  readonly nodes: ReadonlyMap<NodeId, NodeRow>;
  readonly childCounts: ReadonlyMap<NodeId, number>;
  /** Operations that were applied before. */
  readonly known: ReadonlyMap<OpId, Change>;
  readonly blocks: ReadonlyMap<BlockHash, BlockRow>;
  /** Of the files that move or are restored: their manifests, unless too long for a change. */
  readonly manifests: ReadonlyMap<NodeId, string>;
  /** Of the files that the commit was told to compare: their current manifests, likewise. */
  readonly previous: ReadonlyMap<NodeId, PreviousManifest>;
  /** By the block that they make: deltas that are kept, or are to be by this commit. */
  readonly deltas: ReadonlyMap<BlockHash, readonly KeptDelta[]>;
};

export type NewVersion = {
  readonly node: NodeId;
  readonly version: number;
  readonly manifest: string;
  readonly blocks: readonly BlockRef[];
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
};

/** A node whose row is to be written; without `before` it is new. */
export type NodeWrite = { readonly before: NodeRow | undefined; readonly after: NodeRow };

export type Admission = {
  readonly kind: "admitted";
  readonly results: OpResult[];
  readonly head: number;
  readonly bytesUsed: number;
  readonly nodes: readonly NodeWrite[];
  readonly versions: readonly NewVersion[];
  /** New in the journal, in order of seq; empty if nothing is to be written. */
  readonly changes: readonly Change[];
  /** What each of these changes found; undefined where there was nothing. */
  readonly found: readonly (NodeRow | undefined)[];
  /** Of this commit's operations, applied now or before: what the device is answered. */
  readonly answered: readonly Change[];
};

export type AdmitContext = {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly now: number;
  readonly sha256: Sha256;
  readonly heights?: Heights;
};

const changeTypes: Record<Op["op"], ChangeType> = {
  create: "create",
  mkdir: "create",
  update: "update",
  move: "move",
  delete: "delete",
  restore: "restore",
};

/**
 * Applies the operations in order, each alone. An operation that was applied before is answered as it was then and changes
 * nothing (I4); one that builds on a conflicting one conflicts too, since its revision was counted from there.
 *
 * Answers `height-unknown` if it must be asked again with the heights of the moved folders.
 * Throws a ProblemError `op-reused` or `over-quota`: then nothing of the commit is to happen.
 */
export function admit(loaded: Loaded, ops: readonly CheckedOp[], context: AdmitContext): Admission | { readonly kind: "height-unknown" } {
  const run = new AdmissionRun(loaded, context);
  for (const checked of ops) {
    if (run.apply(checked) === "height-unknown") return { kind: "height-unknown" };
  }
  return run.finish();
}

const liveBytes = (row: NodeRow | undefined): number => (row === undefined || row.deletedAt !== null ? 0 : row.size);

type Outcome =
  | { readonly opId: OpId; readonly change: Change }
  | { readonly opId: OpId; readonly reason: ConflictReason; readonly about: NodeId };

class AdmissionRun {
  readonly #loaded: Loaded;
  readonly #context: AdmitContext;
  readonly #tree: TreeOverlay;
  readonly #outcomes: Outcome[] = [];
  readonly #changes: Change[] = [];
  readonly #found: (NodeRow | undefined)[] = [];
  readonly #versions: NewVersion[] = [];
  readonly #manifests: Map<NodeId, string>;
  /** Nodes with a conflicting operation, and among them those that it should have made. */
  readonly #failed = new Set<NodeId>();
  readonly #unmade = new Set<NodeId>();
  /** Blocks whose deltas a change of this commit tells: told in all that name the block, they would fill the journal. */
  readonly #told = new Set<BlockHash>();

  constructor(loaded: Loaded, context: AdmitContext) {
    this.#loaded = loaded;
    this.#context = context;
    this.#tree = new TreeOverlay(loaded.nodes, loaded.childCounts);
    this.#manifests = new Map(loaded.manifests);
  }

  apply(checked: CheckedOp): "done" | "height-unknown" {
    const { op } = checked;
    const known = this.#loaded.known.get(op.opId);
    if (known !== undefined) {
      if (known.node !== op.node || known.type !== changeTypes[op.op]) {
        throw new ProblemError("op-reused", `The operation ${op.opId} was another one, on node ${known.node}.`);
      }
      this.#outcomes.push({ opId: op.opId, change: known });
      return "done";
    }
    if (this.#failed.has(op.node)) return this.#conflict(op, "stale", op.node);
    if ("parent" in op && this.#unmade.has(op.parent)) return this.#conflict(op, "parent-gone", op.node);
    const verdict = judge(this.#tree, op, { heights: undefined, ...this.#context });
    if (verdict.kind === "height-unknown") return verdict.kind;
    if (verdict.kind === "conflict") return this.#conflict(op, verdict.reason, verdict.about);
    return this.#apply(checked, verdict.type, verdict.after);
  }

  finish(): Admission {
    const writes = this.#writes();
    const head = this.#loaded.namespace.seq + this.#changes.length;
    return {
      kind: "admitted",
      results: this.#outcomes.map((outcome) => this.#result(outcome)),
      head,
      bytesUsed: this.#bytesUsed(writes),
      nodes: writes,
      versions: this.#versions,
      changes: this.#changes,
      found: this.#found,
      answered: this.#outcomes.flatMap((outcome) => ("change" in outcome ? [outcome.change] : [])).toSorted((a, b) => a.seq - b.seq),
    };
  }

  #conflict(op: Op, reason: ConflictReason, about: NodeId): "done" {
    this.#outcomes.push({ opId: op.opId, reason, about });
    this.#failed.add(op.node);
    if (op.op === "create" || op.op === "mkdir") this.#unmade.add(op.node);
    return "done";
  }

  #apply({ op, blocks }: CheckedOp, type: ChangeType, after: NodeRow): "done" {
    // A deleted node has no path any more: it is told with the one it had.
    const lastPath = type === "delete" ? this.#tree.path(after.node) : undefined;
    this.#found.push(this.#tree.get(after.node));
    this.#tree.put(after);
    if ("manifest" in op) {
      const { size, mtimeMs, mode, manifest } = op;
      this.#versions.push({ node: op.node, version: after.version, manifest, blocks, size, mtimeMs, mode });
      this.#manifests.set(op.node, manifest);
    }
    const change = this.#change(op.opId, type, after, lastPath ?? this.#tree.path(after.node), this.#deltas(blocks));
    this.#changes.push(change);
    this.#outcomes.push({ opId: op.opId, change });
    return "done";
  }

  #change(opId: OpId, type: ChangeType, after: NodeRow, path: string, deltas: Change["deltas"]): Change {
    const { user, device, now } = this.#context;
    const { node, parent, name, spelling, kind, rev, version, size, mtimeMs, mode } = nodeState(after);
    const manifest = type === "delete" || kind === "folder" ? null : (this.#manifests.get(node) ?? null);
    return {
      seq: this.#loaded.namespace.seq + this.#changes.length + 1,
      opId,
      type,
      user,
      device,
      at: now,
      node,
      parent,
      name,
      ...(spelling === undefined ? {} : { spelling }),
      path,
      kind,
      rev,
      version,
      size,
      mtimeMs,
      mode,
      manifest: manifest !== null && manifest.length > changeManifestCharsMax ? null : manifest,
      deltas,
    };
  }

  /** Of the blocks that no version of this user had until now: the others his devices have. */
  #deltas(blocks: readonly BlockRef[]): Change["deltas"] {
    const isFresh = (hash: BlockHash) => !this.#told.has(hash) && (this.#loaded.blocks.get(hash)?.refs ?? 0) === 0;
    const fresh = [...new Set(blocks.map(({ hash }) => hash))].filter(isFresh);
    for (const hash of fresh) this.#told.add(hash);
    const deltas = fresh.flatMap((hash) => this.#loaded.deltas.get(hash) ?? []);
    return deltas.slice(0, changeDeltasMax).map(({ target, bases, size }) => ({ target, bases: [...bases], size }));
  }

  #writes(): NodeWrite[] {
    return [...updateDigests(this.#tree, this.#context.sha256)].flatMap((id) => {
      const before = this.#tree.before(id);
      const after = this.#tree.get(id);
      return after === undefined || after === before ? [] : [{ before, after }];
    });
  }

  #bytesUsed(writes: readonly NodeWrite[]): number {
    const { bytesUsed, quotaBytes } = this.#loaded.namespace;
    const added = writes.reduce((total, { before, after }) => total + liveBytes(after) - liveBytes(before), 0);
    // Someone above the quota can still make room.
    if (added > 0 && bytesUsed + added > quotaBytes) {
      throw new ProblemError(
        "over-quota",
        `This needs ${added} bytes, and ${Math.max(0, quotaBytes - bytesUsed)} of the account's ${quotaBytes} are free.`,
      );
    }
    return bytesUsed + added;
  }

  #result(outcome: Outcome): OpResult {
    if ("change" in outcome) {
      const { seq, rev, version } = outcome.change;
      return { opId: outcome.opId, status: "applied", seq, rev, version };
    }
    const current = this.#tree.get(outcome.about);
    const live = current !== undefined && current.deletedAt === null ? nodeState(current) : null;
    return { opId: outcome.opId, status: "conflict", reason: outcome.reason, current: live };
  }
}

/** The nodes and places that {@link admit} must be told of, for {@link Loaded}. */
export function namedBy(ops: readonly CheckedOp[]) {
  const nodes = new Set<NodeId>([rootId]);
  const places: (readonly [NodeId, string])[] = [];
  for (const { op } of ops) {
    nodes.add(op.node);
    if ("parent" in op) {
      nodes.add(op.parent);
      places.push([op.parent, op.name]);
    }
  }
  return { nodes: [...nodes], places };
}
