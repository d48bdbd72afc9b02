/** Nodes that were in agreement and are gone from one side. Any change on the other side beats the deletion (FIELD b7, e17). */
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { lostName } from "./arrival.ts";
import { type PlanContext, type Side, type Verdict, blocked, movedHere, sameContent, sameMode, samePlace } from "./context.ts";
import { isTemporaryName } from "./names.ts";
import { freeConflictName } from "./places.ts";

/** Gone from this disk, still on the server. */
export function goneHere(context: PlanContext, remote: SharedNode, synced: SharedNode): Verdict {
  if (changedThere(remote, synced)) return context.act({ do: "forget", node: remote.id, below: true });
  if (movedAboveThere(context, remote.parent)) return blocked;
  const needs: number[] = [];
  if (remote.kind === "folder") {
    const emptied = emptyThere(context, remote, needs);
    if (emptied === "needed" || context.wanted.has(remote.id)) return keepThere(context, remote);
    if (emptied === "not-yet") return blocked;
  }
  return context.act(
    { do: "commit", node: remote.id, op: { op: "delete", node: remote.id, baseRev: context.revOf(remote) } },
    needs,
    "remote",
  );
}

/** The folder comes back to this disk, for what the server has in it. */
function keepThere(context: PlanContext, remote: SharedNode): Verdict {
  if (context.hasSteppedAside(remote.id)) return blocked;
  if (!isTemporaryName(remote.name)) return context.act({ do: "forget", node: remote.id, below: false });
  const name = freeConflictName(context, remote.id, remote.parent, lostName);
  const op = { op: "move", node: remote.id, baseRev: remote.rev, parent: remote.parent, name } as const;
  return context.act({ do: "commit", node: remote.id, op }, [], "remote");
}

function changedThere(remote: SharedNode, synced: SharedNode): boolean {
  return !sameContent(remote, synced) || remote.mode !== synced.mode || !samePlace(remote, synced);
}

/** A folder that vanished here and was moved there comes back with all that is in it: first it, then this. */
function movedAboveThere(context: PlanContext, parent: NodeId): boolean {
  for (let at = parent; at !== rootId;) {
    const remote = context.trees.remote.get(at);
    const synced = context.trees.synced.get(at);
    if (remote === undefined || synced === undefined || context.trees.local.get(at) !== undefined) return false;
    if (!samePlace(remote, synced)) {
      context.visit(at);
      return true;
    }
    at = remote.parent;
  }
  return false;
}

type Emptied = "empty" | "not-yet" | "needed";

/** The server refuses to delete a folder with something in it: children first, and what is new there keeps it. */
function emptyThere(context: PlanContext, folder: SharedNode, needs: number[]): Emptied {
  let outcome: Emptied = "empty";
  for (const child of context.trees.remote.children(folder.id)) {
    if (context.full) return "not-yet";
    const isNew = context.trees.synced.get(child.id) === undefined && context.trees.local.get(child.id) === undefined;
    if (isNew) return "needed";
    const exit = exitOf(context, child.id, { folder: folder.id, side: "remote" });
    if (exit === undefined) outcome = "not-yet";
    else needs.push(exit);
  }
  return outcome;
}

/** The step by which a child leaves the folder; one that only gives up its name for a copy stays in it. */
function exitOf(context: PlanContext, child: NodeId, { folder, side }: { folder: NodeId; side: Side }): number | undefined {
  const verdict = context.visit(child);
  if (verdict === "deciding" || verdict.state !== "acts" || verdict.vacates !== side) return undefined;
  const action = context.actions[verdict.index];
  if (action?.do === "remove-local") return verdict.index;
  if (action?.do === "move-local") return action.to.parent === folder ? undefined : verdict.index;
  if (action?.do !== "commit") return undefined;
  const leaves = action.op.op === "delete" || (action.op.op === "move" && action.op.parent !== folder);
  return leaves ? verdict.index : undefined;
}

/** Gone from the server, still on this disk. */
export function goneThere(context: PlanContext, local: LocalNode, synced: SharedNode): Verdict {
  if (local.kind !== "folder" && local.manifest === null) return context.read(local);
  if (changedHere(context, local, synced)) return context.act({ do: "revive", node: local.id, below: true });
  if (movedAboveHere(context, local.parent)) return blocked;
  const needs: number[] = [];
  if (local.kind === "folder") {
    const emptied = emptyHere(context, local, needs);
    if (emptied === "needed") return keepHere(context, local, synced);
    if (emptied === "not-yet") return blocked;
  }
  return context.act({ do: "remove-local", node: local.id }, needs, "local");
}

/** The folder goes back to the server, for what is in it here. */
function keepHere(context: PlanContext, local: LocalNode, synced: SharedNode): Verdict {
  if (context.hasSteppedAside(local.id)) return blocked;
  if (!isTemporaryName(local.name)) return context.act({ do: "revive", node: local.id, below: false });
  // A name on the way to another can be all that was agreed: kept, it would be put aside for ever.
  const name = freeConflictName(context, local.id, local.parent, isTemporaryName(synced.name) ? lostName : synced.name);
  return context.act({ do: "set-aside", node: local.id, name }, [], "local");
}

function changedHere(context: PlanContext, local: LocalNode, synced: SharedNode): boolean {
  const isOtherContent = local.kind !== "folder" && local.manifest !== synced.manifest;
  return isOtherContent || !sameMode(context, local, synced) || movedHere(local, synced);
}

function movedAboveHere(context: PlanContext, parent: NodeId): boolean {
  for (let at = parent; at !== rootId;) {
    const local = context.trees.local.get(at);
    const synced = context.trees.synced.get(at);
    if (local === undefined || synced === undefined || context.trees.remote.get(at) !== undefined) return false;
    if (movedHere(local, synced)) {
      context.visit(at);
      return true;
    }
    at = local.parent;
  }
  return false;
}

function emptyHere(context: PlanContext, folder: LocalNode, needs: number[]): Emptied {
  let outcome: Emptied = "empty";
  for (const child of context.trees.local.children(folder.id)) {
    if (context.full) return "not-yet";
    const remote = context.trees.remote.get(child.id);
    const synced = context.trees.synced.get(child.id);
    if (synced === undefined && remote === undefined) return "needed";
    // A person moved it in here, and nothing that the server did takes it out again.
    if (synced !== undefined && remote !== undefined && movedHere(child, synced) && samePlace(remote, synced)) return "needed";
    const exit = exitOf(context, child.id, { folder: folder.id, side: "local" });
    if (exit === undefined) outcome = "not-yet";
    else needs.push(exit);
  }
  return outcome;
}
