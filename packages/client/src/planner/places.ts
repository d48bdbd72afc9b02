/** Getting a place to put a node: its folder must be there, its name free, and no folder may end up inside itself. */
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { type Needs, type PlanContext, type Verdict, movedHere, samePlace } from "./context.ts";
import { conflictName, temporaryName } from "./names.ts";
import type { Place } from "./types.ts";

/** The folder on this disk. */
export function localFolder(context: PlanContext, id: NodeId): Needs {
  if (id === rootId || context.trees.local.get(id) !== undefined) return [];
  if (context.trees.synced.get(id) !== undefined && context.trees.remote.get(id) !== undefined) {
    // It vanished here, but something has to be put into it: it comes back.
    restore(context, id);
    return undefined;
  }
  return needsOf(context.visit(id), (index) => context.actions[index]?.do === "make-folder");
}

/** The folder on the server. */
export function remoteFolder(context: PlanContext, id: NodeId): Needs {
  if (id === rootId || context.trees.remote.get(id) !== undefined) return [];
  return needsOf(context.visit(id), (index) => {
    const action = context.actions[index];
    return action?.do === "commit" && action.op.op === "mkdir";
  });
}

function needsOf(verdict: Verdict | "deciding", suits: (index: number) => boolean): Needs {
  return verdict !== "deciding" && verdict.state === "acts" && suits(verdict.index) ? [verdict.index] : undefined;
}

function restore(context: PlanContext, id: NodeId): void {
  context.wanted.add(id);
  if (!context.isDecided(id) && !context.options.busy(id)) context.settle(id, context.act({ do: "forget", node: id, below: false }));
}

export type Claim =
  /** The name is free, or becomes it by the actions needed. */
  | { state: "free"; needs: readonly number[] }
  | { state: "blocked" }
  /** Another one is there and stays. */
  | { state: "taken"; by: NodeId };

/** A name on this disk for a node of the server. */
export function claimLocal(context: PlanContext, node: SharedNode): Claim {
  const needs: number[] = [];
  for (const other of context.trees.local.named(node.parent, node.name)) {
    if (other.id === node.id) continue;
    const verdict = context.visit(other.id);
    if (verdict !== "deciding" && verdict.state === "acts" && verdict.vacates === "local") {
      needs.push(verdict.index);
    } else if (leadsBack(context, verdict, node.id) && leavesHere(context, other)) {
      needs.push(stepAsideHere(context, other));
    } else {
      return stays(context, other, node) ? { state: "taken", by: other.id } : { state: "blocked" };
    }
  }
  return { state: "free", needs };
}

/** What it waits for leads back to the one that asks: one of them has to step aside. */
function leadsBack(context: PlanContext, verdict: Verdict | "deciding", asking: NodeId): boolean {
  return verdict === "deciding" || (verdict.state === "blocked" && context.isAwaited(asking));
}

/** On a disk that does not tell case apart, two nodes of the server can want one name: the first has it. */
function stays(context: PlanContext, other: LocalNode, node: SharedNode): boolean {
  const remote = context.trees.remote.get(other.id);
  return remote !== undefined && remote.parent === node.parent && context.options.fold(remote.name) === context.options.fold(node.name);
}

function leavesHere(context: PlanContext, local: LocalNode): boolean {
  const remote = context.trees.remote.get(local.id);
  const synced = context.trees.synced.get(local.id);
  if (synced === undefined || context.options.busy(local.id)) return false;
  return remote === undefined || comesDown(context, local, remote, synced);
}

function stepAsideHere(context: PlanContext, local: LocalNode): number {
  const to = { parent: local.parent, name: temporaryName(local.id), spelling: undefined };
  return context.stepAside(local.id, { do: "move-local", node: local.id, to });
}

/** A name on the server for a node of this disk. */
export function claimRemote(context: PlanContext, local: LocalNode): Claim {
  const other = remoteAt(context, local);
  if (other === undefined || other.id === local.id) return { state: "free", needs: [] };
  const otherLocal = context.trees.local.get(other.id);
  const otherSynced = context.trees.synced.get(other.id);
  if (otherLocal === undefined && otherSynced === undefined) return { state: "taken", by: other.id };
  const verdict = context.visit(other.id);
  // It is to stay there, and its place on this disk follows: then this one has to give way.
  const isComing = otherLocal !== undefined && otherSynced !== undefined && comesDown(context, otherLocal, other, otherSynced);
  if (isComing) return { state: "taken", by: other.id };
  if (verdict !== "deciding" && verdict.state === "acts" && verdict.vacates === "remote") return { state: "free", needs: [verdict.index] };
  const leaves = !context.options.busy(other.id) && (otherLocal === undefined || !samePlace(otherLocal, other));
  return leaves && leadsBack(context, verdict, local.id)
    ? { state: "free", needs: [stepAsideThere(context, other)] }
    : { state: "blocked" };
}

function remoteAt(context: PlanContext, place: Place): SharedNode | undefined {
  return context.trees.remote.named(place.parent, place.name).find((node) => node.name === place.name);
}

/** Its place on this disk follows the server's. */
function comesDown(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): boolean {
  if (samePlace(local, remote)) return false;
  return !samePlace(remote, synced) || !movedHere(local, synced) || context.reverted.has(local.id);
}

function stepAsideThere(context: PlanContext, remote: SharedNode): number {
  const aside = { parent: remote.parent, name: temporaryName(remote.id) };
  const op = { op: "move", node: remote.id, baseRev: remote.rev, ...aside } as const;
  return context.stepAside(remote.id, { do: "commit", node: remote.id, op });
}

export function spellingOf(local: LocalNode): { spelling?: string } {
  return local.spelling === undefined ? {} : { spelling: local.spelling };
}

/** A conflicted copy's name for that node in that folder, free on both sides; its own does not stand in its way. */
export function freeConflictName(context: PlanContext, node: NodeId, parent: NodeId, name: string): string {
  const { deviceName, date } = context.options;
  const { local, remote } = context.trees;
  for (let number = 1; ; number++) {
    const candidate = conflictName(name, { deviceName, date, number });
    const isTaken = [...local.named(parent, candidate), ...remote.named(parent, candidate)].some(({ id }) => id !== node);
    if (!isTaken && context.giveName(parent, candidate)) return candidate;
  }
}
