import { rootId, type NodeId } from "../ids.ts";
import type { RewindFacts, RewindItem } from "./rewind-facts.ts";
import type { Place } from "./steps.ts";

/** What a rewind is to make of the tree. */
export type RewindGoal = {
  /** Where these are to be: deleted ones come back, live ones move or, with the same place, get another mode. */
  readonly places: ReadonlyMap<NodeId, Place>;
  /** To get the content that they had. */
  readonly contents: ReadonlySet<NodeId>;
  /** Were not there. */
  readonly removals: ReadonlySet<NodeId>;
  /** Paths or names of what cannot be as it was, since it is no longer kept. */
  readonly lost: readonly string[];
};

/**
 * Whatever was, or is, at or below `scope` is to be as it was, apart from the place of `scope` itself as long as it is there.
 * Folders outside that are gone come back where something is to go into them.
 */
export function rewindGoal(facts: RewindFacts, scope: NodeId): RewindGoal {
  const goal = {
    places: new Map<NodeId, Place>(),
    contents: new Set<NodeId>(),
    removals: new Set<NodeId>(),
    lost: [] as string[],
  };
  const belongs = facts.belonging(scope);
  for (const [id, item] of facts.items) {
    const { node, wanted } = item;
    if (!belongs(id)) continue;
    if (wanted === null) {
      if (node.deletedAt === null) goal.removals.add(id);
      continue;
    }
    const place = wantedPlace(item, id === scope);
    if (place !== undefined) goal.places.set(id, place);
    if (wanted.content === "other") goal.contents.add(id);
    if (wanted.content === "lost") goal.lost.push(node.name);
  }
  for (const { node, path } of facts.lost.values()) if (belongs(node)) goal.lost.push(path);
  for (const { parent } of goal.places.values()) bringBack(facts, goal.places, parent);
  return goal;
}

function wantedPlace({ node, wanted }: RewindItem, isScope: boolean): Place | undefined {
  if (wanted === null) return undefined;
  const { parent, name, spelling } = wanted;
  if (node.deletedAt !== null) return { parent, name, spelling };
  const here = { parent: node.parent, name: node.name, spelling: node.spelling };
  const place = isScope ? here : { parent, name, spelling };
  const isSamePlace = place.parent === here.parent && place.name === here.name && place.spelling === here.spelling;
  const isOtherMode = node.kind === "folder" && node.mode !== wanted.mode;
  return isSamePlace && !isOtherMode ? undefined : place;
}

function bringBack(facts: RewindFacts, places: Map<NodeId, Place>, folder: NodeId): void {
  for (let at = folder; at !== rootId && !places.has(at);) {
    const item = facts.items.get(at);
    if (item === undefined || item.node.deletedAt === null || item.wanted === null) return;
    const { parent, name, spelling } = item.wanted;
    places.set(at, { parent, name, spelling });
    at = parent;
  }
}
