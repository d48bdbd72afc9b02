/**
 * The last look at a plan: no step of it may put a folder into itself, in whatever order the steps are taken. Each side's folder
 * moves are gone through in the plan's order; what would be refused is left out with all that needs it, and is planned again
 * when the rest has been done.
 */
import { type NodeId, rootId } from "@ashlar/shared/ids";
import type { Action, TreesReader } from "./types.ts";

export function withoutCycles(trees: TreesReader, actions: readonly Action[]): readonly Action[] {
  const here = new Places((id) => trees.local.get(id)?.parent);
  const there = new Places((id) => trees.remote.get(id)?.parent);
  /** Of those that stay, by their place in the plan as it was: their place in the one that is left. */
  const places = new Map<number, number>();
  const kept: Action[] = [];
  let lastMove: number | undefined;
  for (const [index, action] of actions.entries()) {
    const needs = action.needs.map((need) => places.get(need));
    const stays = needs.every((need) => need !== undefined) && put(action, trees, here, there);
    if (!stays) continue;
    places.set(index, kept.length);
    const isMove = action.do === "move-local" && trees.local.get(action.node)?.kind === "folder";
    // Moves of folders on a disk are quick: one after the other, their order is the one gone through here.
    const allNeeds = isMove && lastMove !== undefined ? [...needs, lastMove] : needs;
    if (isMove) lastMove = kept.length;
    kept.push({ ...action, needs: [...new Set(allNeeds)] });
  }
  return kept;
}

/** False if the step puts a folder into itself. */
function put(action: Action, trees: TreesReader, here: Places, there: Places): boolean {
  if (action.do === "make-folder") return here.put(action.node, trees.remote.get(action.node)?.parent ?? rootId);
  if (action.do === "move-local") return here.put(action.node, action.to.parent);
  if (action.do === "commit" && (action.op.op === "mkdir" || action.op.op === "move")) return there.put(action.node, action.op.parent);
  return true;
}

/** Where nodes are on one side after the steps so far. */
class Places {
  readonly #parentOf: (id: NodeId) => NodeId | undefined;
  readonly #moved = new Map<NodeId, NodeId>();

  constructor(parentOf: (id: NodeId) => NodeId | undefined) {
    this.#parentOf = parentOf;
  }

  put(id: NodeId, parent: NodeId): boolean {
    for (let at: NodeId | undefined = parent; at !== undefined && at !== rootId; at = this.#moved.get(at) ?? this.#parentOf(at)) {
      if (at === id) return false;
    }
    this.#moved.set(id, parent);
    return true;
  }
}
