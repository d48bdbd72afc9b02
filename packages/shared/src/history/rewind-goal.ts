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
 * Whatever was, or is, at or below `scope` is to be as it was, apart from the place of `scope` itself as long as it is there
 * and not inside of something that was in it.
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
  const stays = !isInsideItsOwn(facts, scope, belongs);
  for (const [id, item] of facts.items) {
    const { node, wanted } = item;
    if (!belongs(id)) continue;
    if (wanted === null) {
      if (node.deletedAt === null) goal.removals.add(id);
      continue;
    }
    const place = wantedPlace(item, id === scope && stays);
    if (place !== undefined) goal.places.set(id, place);
    if (wanted.content === "other") goal.contents.add(id);
    if (wanted.content === "lost") goal.lost.push(node.name);
  }
  for (const { node, path } of facts.lost.values()) if (belongs(node)) goal.lost.push(path);
  for (const { parent } of goal.places.values()) bringBack(facts, goal.places, parent);
  return goal;
}

function isInsideItsOwn(facts: RewindFacts, scope: NodeId, belongs: (id: NodeId) => boolean): boolean {
  const climbed = new Set([scope]);
  for (let at = facts.node(scope)?.parent; at !== undefined && !climbed.has(at); at = facts.node(at)?.parent) {
    if (belongs(at)) return true;
    climbed.add(at);
  }
  return false;
}

function wantedPlace({ node, wanted }: RewindItem, stays: boolean): Place | undefined {
  if (wanted === null) return undefined;
  const { parent, name, spelling } = wanted;
  if (node.deletedAt !== null) return { parent, name, spelling };
  const here = { parent: node.parent, name: node.name, spelling: node.spelling };
  const place = stays ? here : { parent, name, spelling };
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
