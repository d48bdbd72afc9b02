/** A node that is elsewhere here than on the server. If both moved it, the server's order wins. */
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { clashText } from "./arrival.ts";
import { collide } from "./collision.ts";
import { type PlanContext, type Verdict, blocked, movedHere, placeOf, samePlace } from "./context.ts";
import { claimLocal, claimRemote, localFolder, remoteFolder, spellingOf } from "./places.ts";

export function mergePlace(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): Verdict {
  const goesUp = samePlace(remote, synced) && movedHere(local, synced);
  return goesUp ? moveThere(context, local, remote) : moveHere(context, local, remote);
}

/** To where the server has it. */
function moveHere(context: PlanContext, local: LocalNode, remote: SharedNode): Verdict {
  const fault = context.options.nameFault(remote.name);
  if (fault !== undefined) return context.wait(remote.id, "bad-name", fault);
  const folder = localFolder(context, remote.parent);
  if (folder === undefined) return blocked;
  const between = betweenHere(context, local.id, remote.parent);
  if (between !== undefined) {
    // Its new parent is still below it: what is between moves first, and this is planned again from there.
    for (const id of between) context.visit(id);
    if (between.length > 0) return blocked;
  }
  const claim = claimLocal(context, remote);
  if (claim.state === "taken") return context.wait(remote.id, "clash", clashText(remote.name));
  if (claim.state === "blocked") return blocked;
  return context.act({ do: "move-local", node: local.id, to: placeOf(remote) }, [...folder, ...claim.needs], "local");
}

/** The nodes from `from` up to, and without, `id`, on this disk; undefined when `from` is not below it. */
function betweenHere(context: PlanContext, id: NodeId, from: NodeId): NodeId[] | undefined {
  const between: NodeId[] = [];
  for (let at = from; at !== rootId;) {
    if (at === id) return between;
    between.push(at);
    // A folder that is still to be made here counts as where it will be.
    const parent = (context.trees.local.get(at) ?? context.trees.remote.get(at))?.parent;
    if (parent === undefined) return undefined;
    at = parent;
  }
  return undefined;
}

/** To where this disk has it. */
function moveThere(context: PlanContext, local: LocalNode, remote: SharedNode): Verdict {
  const folder = remoteFolder(context, local.parent);
  if (folder === undefined) return blocked;
  const between = betweenThere(context, local.id, local.parent);
  const needs = [...folder];
  if (between !== undefined) {
    const way = clearWay(context, between, local.parent);
    if (way === "blocked") return blocked;
    if (way === "cycle") {
      // Another device has put the target below it in the meantime: the server's order wins.
      context.reverted.add(local.id);
      return moveHere(context, local, remote);
    }
    needs.push(...way);
  }
  const claim = claimRemote(context, local);
  if (claim.state === "taken") return collide(context, local, claim.by);
  if (claim.state === "blocked") return blocked;
  const place = { parent: local.parent, name: local.name, ...spellingOf(local) };
  const op = { op: "move", node: local.id, baseRev: context.revOf(remote), ...place } as const;
  return context.act({ do: "commit", node: local.id, op }, [...needs, ...claim.needs], "remote");
}

/** As {@link betweenHere}, on the server. */
function betweenThere(context: PlanContext, id: NodeId, from: NodeId): NodeId[] | undefined {
  const between: NodeId[] = [];
  for (let at = from; at !== rootId;) {
    if (at === id) return between;
    between.push(at);
    const parent = (context.trees.remote.get(at) ?? context.trees.local.get(at))?.parent;
    if (parent === undefined) return undefined;
    at = parent;
  }
  return undefined;
}

/** Whether what is between moves out from below in this plan: those actions come first. */
function clearWay(context: PlanContext, between: readonly NodeId[], target: NodeId): readonly number[] | "blocked" | "cycle" {
  const needs: number[] = [];
  let isComing = false;
  for (const id of between) {
    const verdict = context.visit(id);
    if (verdict !== "deciding" && verdict.state === "acts" && verdict.vacates === "remote") needs.push(verdict.index);
    else if (wantsUp(context, id)) isComing = true;
  }
  if (needs.length === 0) return isComing ? "blocked" : "cycle";
  const above = movesAbove(context, target);
  return above === "blocked" ? above : [...needs, ...above];
}

/** What moves out from below may go into a folder that is still below: all that is above the target here moves first. */
function movesAbove(context: PlanContext, target: NodeId): readonly number[] | "blocked" {
  const needs: number[] = [];
  for (let at = target; at !== rootId;) {
    const local = context.trees.local.get(at);
    if (local === undefined) break;
    const remote = context.trees.remote.get(at);
    if (remote !== undefined && remote.parent !== local.parent) {
      const verdict = context.visit(at);
      if (verdict !== "deciding" && verdict.state === "acts" && verdict.vacates === "remote") needs.push(verdict.index);
      else if (wantsUp(context, at)) return "blocked";
    }
    at = local.parent;
  }
  return needs;
}

function wantsUp(context: PlanContext, id: NodeId): boolean {
  const local = context.trees.local.get(id);
  const remote = context.trees.remote.get(id);
  const synced = context.trees.synced.get(id);
  if (local === undefined || remote === undefined || synced === undefined || context.reverted.has(id)) return false;
  return !samePlace(local, remote) && samePlace(remote, synced) && movedHere(local, synced);
}
