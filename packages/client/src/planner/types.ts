/** The planner's world: three trees to read, and the steps that make them one. */
import type { NodeId, OpId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import type { LocalNode } from "../scan/types.ts";
import type { Fold, SharedNode } from "../trees/node.ts";

export type SharedReader = {
  get(id: NodeId): SharedNode | undefined;
  /** As the disk compares names. */
  named(parent: NodeId, name: string): SharedNode[];
  children(parent: NodeId): Iterable<SharedNode>;
};

export type LocalReader = {
  get(id: NodeId): LocalNode | undefined;
  named(parent: NodeId, name: string): LocalNode[];
  children(parent: NodeId): Iterable<LocalNode>;
};

export type TreesReader = { readonly remote: SharedReader; readonly local: LocalReader; readonly synced: SharedReader };

export type Place = { readonly parent: NodeId; readonly name: string; readonly spelling: string | undefined };

type WithoutId<Operation> = Operation extends { opId: OpId } ? Omit<Operation, "opId"> : never;
/** An operation that has no id yet: it gets one when it is written down to be sent. */
export type PlannedOp = WithoutId<Op>;

export type Step =
  // In the database alone.
  /** Both sides hold the same: that is now what is agreed. */
  | { do: "agree"; node: NodeId; synced: SharedNode }
  /** It is no longer agreed on: as if it had never been synced. `below`: with everything below that is only on the server. */
  | { do: "forget"; node: NodeId; below: boolean }
  /** The local node is the remote one under another id. */
  | { do: "adopt"; node: NodeId; as: NodeId }
  /** Deleted on the server, kept here: it begins a new life under a new id. `below`: with everything below it. */
  | { do: "revive"; node: NodeId; below: boolean }
  // On this disk.
  | { do: "read"; node: NodeId }
  | { do: "make-folder"; node: NodeId }
  /** A new file or link, or the new content of one. */
  | { do: "download"; node: NodeId; mode: number }
  | { do: "move-local"; node: NodeId; to: Place }
  /** Both sides want the place: what is here steps aside under another name and is synced as that. */
  | { do: "set-aside"; node: NodeId; name: string }
  /** Both sides changed the content: what is here becomes a file of its own under another name. */
  | { do: "keep-copy"; node: NodeId; name: string }
  | { do: "set-mode"; node: NodeId; mode: number }
  | { do: "remove-local"; node: NodeId }
  // At the edge.
  | { do: "fetch-manifest"; node: NodeId }
  | { do: "commit"; node: NodeId; op: PlannedOp };

/** A step that may begin when those it needs (by their place in the plan) have succeeded. Steps without a tie may run at once. */
export type Action = Step & { readonly needs: readonly number[] };

export type Wait = { readonly node: NodeId; readonly reason: "bad-name" | "clash"; readonly detail: string };

export type Plan = {
  readonly actions: readonly Action[];
  /** Nothing to do for these any more. */
  readonly clean: readonly NodeId[];
  readonly waits: readonly Wait[];
};

export type PlanOptions = {
  /** Where to look; the plan follows from there to what stands in the way. */
  readonly dirty: Iterable<NodeId>;
  /** A step for it is under way: nothing is planned for it, nor for what depends on it. */
  readonly busy: (id: NodeId) => boolean;
  /** Besides the reads. */
  readonly actionsMax: number;
  readonly readsMax: number;
  /** Of content to be read, as far as it will be held in memory until the commit. */
  readonly readBytesMax: number;
  readonly fold: Fold;
  readonly keepsModes: boolean;
  nameFault(name: string): string | undefined;
  /** For conflicted copies. */
  readonly deviceName: string;
  /** YYYY-MM-DD. */
  readonly date: string;
};
