/** What this page has asked for and the server has not answered yet: shown as if it had been done. */
import type { NodeId, OpId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import type { Entry } from "./entry.ts";
import type { KnownNodes } from "./known-nodes.ts";

type Wish = { readonly opId: OpId; readonly entry: Entry };

export class Overlay {
  readonly #wishes = new Map<NodeId, Wish[]>();
  readonly #known: KnownNodes;

  constructor(known: KnownNodes) {
    this.#known = known;
  }

  /** As the page shows it; undefined when nothing is known. */
  get(node: NodeId): Entry | undefined {
    return this.#wishes.get(node)?.at(-1)?.entry ?? this.#known.get(node);
  }

  *childrenOf(folder: NodeId): Generator<Entry> {
    for (const entry of this.#known.childrenOf(folder)) if (!this.#wishes.has(entry.node)) yield entry;
    for (const wishes of this.#wishes.values()) {
      const entry = wishes.at(-1)?.entry;
      if (entry !== undefined && !entry.isDeleted && entry.parent === folder) yield entry;
    }
  }

  /** The folders whose listing it changes. */
  wish(op: Op): NodeId[] {
    const before = this.get(op.node);
    const entry = wished(op, before);
    if (entry === undefined) return [];
    this.#wishes.set(op.node, [...(this.#wishes.get(op.node) ?? []), { opId: op.opId, entry }]);
    return [entry.parent, ...(before === undefined ? [] : [before.parent])];
  }

  /** It was answered, one way or the other: what the server has said holds from now on. */
  forget({ node, opId }: Pick<Op, "node" | "opId">): NodeId[] {
    const shown = this.get(node);
    const rest = (this.#wishes.get(node) ?? []).filter((wish) => wish.opId !== opId);
    if (rest.length === 0) this.#wishes.delete(node);
    else this.#wishes.set(node, rest);
    const now = this.get(node);
    return [shown, now].flatMap((entry) => (entry === undefined ? [] : [entry.parent]));
  }
}

function wished(op: Op, before: Entry | undefined): Entry | undefined {
  const fresh = { version: 0, size: 0, mtimeMs: Date.now(), mode: 0o755, rev: 0, isDeleted: false, isPending: true };
  switch (op.op) {
    case "mkdir":
      return { ...fresh, node: op.node, parent: op.parent, name: op.name, kind: "folder" };
    case "create":
      return {
        ...fresh,
        node: op.node,
        parent: op.parent,
        name: op.name,
        kind: op.kind,
        size: op.size,
        mtimeMs: op.mtimeMs,
        mode: op.mode,
      };
    case "move":
    case "restore":
      return before && { ...before, parent: op.parent, name: op.name, isDeleted: false, isPending: true };
    case "delete":
      return before && { ...before, isDeleted: true, isPending: true };
    case "update":
      return before && { ...before, size: op.size, mtimeMs: op.mtimeMs, isPending: true };
  }
}
