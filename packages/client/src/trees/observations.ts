/** What a scan found, written to the local tree. */
import type { NodeId } from "@ashlar/shared/ids";
import { isConflictNameOf, temporaryName } from "@ashlar/shared/side-names";
import type { RelativePath, Stat } from "../ports.ts";
import type { Hindrance, Observation } from "../scan/types.ts";
import type { SharedNode } from "./node.ts";
import type { Trees } from "./trees.ts";
import type { WaitingRow } from "./waiting-list.ts";

type Seen = {
  readonly nowMs: number;
  /** Of nodes that the scan took for new, the ids that they are known by. */
  readonly known: Map<NodeId, NodeId>;
  /** Nodes with operations whose fate is open. */
  readonly open: ReadonlySet<NodeId>;
};

type Appearance = Pick<Extract<Observation, { type: "appeared" }>, "parent" | "name" | "kind">;

/** The disk says all of it again. */
export function applyObservations(trees: Trees, observations: readonly Observation[], nowMs: number): void {
  trees.transaction(() => {
    const seen: Seen = { nowMs, known: new Map(), open: trees.intents.nodes() };
    for (const observation of observations) applyOne(trees, observation, seen);
    // Last, so that what moved out of a vanished folder is no longer below it.
    for (const observation of observations) {
      if (observation.type !== "vanished" || trees.local.get(observation.id) === undefined) continue;
      forgetPlace(trees, observation);
      trees.local.remove(observation.id);
      trees.waiting.removeNode(observation.id);
    }
  }, "found-again");
}

function applyOne(trees: Trees, observation: Observation, seen: Seen): void {
  const { known, nowMs: seenAtMs } = seen;
  switch (observation.type) {
    case "appeared": {
      const { name, spelling, kind, stat } = observation;
      const parent = known.get(observation.parent) ?? observation.parent;
      if (isHalfMoved(trees, { parent, name, stat })) return;
      const id = cameBack(trees, { parent, name, kind }, seen.open) ?? observation.id;
      if (id !== observation.id) {
        known.set(observation.id, id);
        trees.waiting.removeNode(id);
      }
      trees.local.put({ id, parent, name, spelling, kind, stat, seenAtMs, manifest: null });
      return;
    }
    case "moved": {
      const before = trees.local.get(observation.id);
      if (before === undefined) return;
      forgetPlace(trees, observation);
      const { name, spelling, stat } = observation;
      const parent = known.get(observation.parent) ?? observation.parent;
      trees.local.put({ ...before, parent, name, spelling, stat, seenAtMs, manifest: null });
      return;
    }
    case "changed": {
      const before = trees.local.get(observation.id);
      if (before === undefined) return;
      trees.local.put({ ...before, stat: observation.stat, seenAtMs, manifest: observation.content ? null : before.manifest });
      return;
    }
    case "vanished":
      return;
  }
}

/**
 * A second name of a file that this client was about to give it when it died between making the new one and removing the old:
 * the node keeps the old one, and the move is planned again and finished. Taken for a file of its own it would be sent as one.
 */
function isHalfMoved(trees: Trees, { parent, name, stat }: { parent: NodeId; name: string; stat: Stat }): boolean {
  if (stat.kind === "folder") return false;
  const node = trees.local.view().byInode(stat.inode);
  if (node === undefined || !trees.dirty.has(node.id)) return false;
  const remote = trees.remote.get(node.id);
  const isWhereItGoes = remote !== undefined && remote.parent === parent && remote.name === name;
  return isWhereItGoes || name === temporaryName(node.id) || (node.parent === parent && isConflictNameOf(name, node.name));
}

/**
 * The node that was agreed to be in this place and that an earlier scan found gone: put back, or saved by a program that
 * deletes first. It has to be on the server still, and no deletion of it under way, or what came back would be deleted (I5).
 */
function cameBack(trees: Trees, { parent, name, kind }: Appearance, open: ReadonlySet<NodeId>): NodeId | undefined {
  const isBack = (node: SharedNode) =>
    node.name === name &&
    node.kind === kind &&
    trees.local.get(node.id) === undefined &&
    trees.remote.get(node.id)?.kind === kind &&
    !open.has(node.id);
  return trees.synced.named(parent, name).find(isBack)?.id;
}

/** A conflicted copy that a person has renamed or removed is dealt with, and what was to be told of the place has ended. */
function forgetPlace(trees: Trees, observation: Observation): void {
  const path = trees.localPath(observation.id);
  if (path === undefined) return;
  trees.conflicts.remove(path);
  trees.waiting.removeHindrance(path);
}

type HindranceOptions = {
  /** The paths that were scanned, or everything: what hindered there before and does no more is forgotten. */
  readonly folders: ReadonlySet<RelativePath> | "all";
  readonly nowMs: number;
  /** After how long to look again at what could not be read, or for what was moved away, by how often that was tried. */
  readonly retryMs: (attempts: number) => number;
};

/** Answers those that are new, or have another reason. */
export function applyHindrances(
  trees: Trees,
  hindrances: readonly Hindrance[],
  { folders, nowMs, retryMs }: HindranceOptions,
): readonly WaitingRow[] {
  return trees.transaction(() => {
    const before = new Map(trees.waiting.hindrances().map((row) => [row.path, row]));
    for (const path of before.keys()) {
      if (folders === "all" || folders.has(folderOf(path)) || folders.has(path)) trees.waiting.removeHindrance(path);
    }
    // Two names that are not UTF-8 may look the same.
    const details = Map.groupBy(hindrances, ({ path }) => path);
    const chief = new Map<RelativePath, Hindrance>();
    for (const hindrance of hindrances) {
      // Where something waits is where to look for what was moved away, and what a person can do something about.
      if (hindrance.reason !== "moved-away" || !chief.has(hindrance.path)) chief.set(hindrance.path, hindrance);
    }
    const rows = [...chief.values()].map((hindrance): WaitingRow => {
      const detail = [...new Set(details.get(hindrance.path)?.map((same) => same.detail))].join("; ");
      const former = before.get(hindrance.path);
      const isRetried = hindrance.reason === "unreadable" || hindrance.reason === "moved-away";
      const attempts = isRetried ? (former?.reason === hindrance.reason ? former.attempts : 0) + 1 : 0;
      const nextTryMs = attempts === 0 ? null : nowMs + retryMs(attempts);
      return { ...hindrance, detail, sinceMs: former?.sinceMs ?? nowMs, nextTryMs, attempts };
    });
    for (const row of rows) trees.waiting.putHindrance(row);
    return rows.filter(({ path, reason }) => before.get(path)?.reason !== reason);
  });
}

function folderOf(path: RelativePath): RelativePath {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
