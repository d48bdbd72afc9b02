/**
 * From what is and what was to the steps between. A pure function. Every beginning of the steps leaves a tree that the
 * server takes, so that they may be cut anywhere; planned again from there, what is left comes out.
 */
import { rootId, type NodeId } from "../ids.ts";
import type { RewindFacts, RewindItem } from "./rewind-facts.ts";
import { rewindGoal, type RewindGoal } from "./rewind-goal.ts";
import { restoredName } from "./restored-name.ts";
import { SketchedTree } from "./sketched-tree.ts";
import type { Place, Step } from "./steps.ts";
import { temporaryName } from "../side-names.ts";

export type RewindCounts = {
  readonly restored: number;
  readonly moved: number;
  readonly changed: number;
  readonly removed: number;
  /** Of the content that is brought back. */
  readonly bytes: number;
};

export type RewindPlan = {
  readonly steps: readonly Step[];
  readonly counts: RewindCounts;
  /** Paths or names of what was there and is no longer kept. */
  readonly lost: readonly string[];
  /** Where the nodes of the steps are now, or were when they were deleted. */
  readonly paths: ReadonlyMap<NodeId, string>;
};

/** Takes `scope` and what is below it back; `date` (YYYY-MM-DD) is for names that have to differ from what stands in their place. */
export function planRewind(facts: RewindFacts, { scope, date }: { scope: NodeId; date: string }): RewindPlan {
  const goal = rewindGoal(facts, scope);
  const planning = new Planning(facts, goal, date);
  planning.removeWholly();
  for (const id of goal.places.keys()) planning.place(id);
  for (const id of goal.contents) if (!goal.places.has(id)) planning.change(id, false);
  planning.removeRest();
  const { steps } = planning;
  return { steps, counts: countsOf(facts, steps), lost: goal.lost, paths: new Map(steps.map(({ node }) => [node, facts.path(node)])) };
}

function countsOf(facts: RewindFacts, steps: readonly Step[]): RewindCounts {
  const of = (kind: Step["do"]) =>
    new Set(steps.flatMap((step) => (step.do === kind && !("aside" in step && step.aside) ? [step.node] : [])));
  const [restored, moved, changed, removed] = [of("restore"), of("move"), of("update"), of("delete")];
  let bytes = 0;
  for (const id of new Set([...restored, ...changed])) bytes += facts.items.get(id)?.wanted?.size ?? 0;
  return { restored: restored.size, moved: moved.size, changed: changed.size, removed: removed.size, bytes };
}

class Planning {
  readonly steps: Step[] = [];
  readonly #facts: RewindFacts;
  readonly #goal: RewindGoal;
  readonly #date: string;
  readonly #tree: SketchedTree;
  readonly #placing = new Set<NodeId>();
  readonly #placed = new Set<NodeId>();
  readonly #removed = new Set<NodeId>();
  readonly #steppedAside = new Set<NodeId>();
  readonly #asides: NodeId[] = [];

  constructor(facts: RewindFacts, goal: RewindGoal, date: string) {
    this.#facts = facts;
    this.#goal = goal;
    this.#date = date;
    this.#tree = new SketchedTree(facts.known());
  }

  /** First of all, for the room under a quota and for the names: what holds nothing but what goes as well. */
  removeWholly(): void {
    const verdicts = new Map<NodeId, boolean>();
    const goesWholly = (id: NodeId): boolean => {
      const known = verdicts.get(id);
      if (known !== undefined) return known;
      verdicts.set(id, false);
      const verdict = this.#goal.removals.has(id) && [...this.#tree.children(id)].every(goesWholly);
      verdicts.set(id, verdict);
      return verdict;
    };
    for (const id of this.#goal.removals) if (goesWholly(id)) this.#removeUp(id);
  }

  /** What was moved out of them is out by now. */
  removeRest(): void {
    for (const id of this.#goal.removals) this.#removeUp(id);
  }

  /**
   * From the top of the wanted tree down: whatever a node goes into is in its last place by then, and so never below the node
   * itself.
   */
  place(id: NodeId): void {
    this.#place(id);
    // At once, so that a swap happens in one commit.
    for (let aside = this.#asides.pop(); aside !== undefined; aside = this.#asides.pop()) this.#place(aside);
  }

  #place(id: NodeId): void {
    const place = this.#goal.places.get(id);
    const item = this.#facts.items.get(id);
    if (place === undefined || item === undefined || this.#placed.has(id) || this.#placing.has(id)) return;
    this.#placing.add(id);
    this.#placeAbove(place.parent);
    // A folder above may have needed its name meanwhile: then it has stepped aside by now.
    this.#placed.add(id);
    const free = this.#free(id, place);
    if (free === undefined) return;
    const joined = free.isFreed || this.#steppedAside.has(id);
    if (this.#tree.isLive(id)) {
      const mode =
        item.node.kind === "folder" && item.wanted !== null && item.wanted.mode !== item.node.mode ? item.wanted.mode : undefined;
      this.#push({ do: "move", ...this.#target(id), joined, place: free.place, mode, aside: false });
    } else {
      this.#push({ do: "restore", ...this.#target(id), joined, place: free.place });
      this.#setFolderMode(id, item, free.place);
    }
    this.#tree.put(id, free.place);
    this.change(id, true);
  }

  change(id: NodeId, joined: boolean): void {
    const wanted = this.#facts.items.get(id)?.wanted;
    if (wanted === null || wanted === undefined || !this.#goal.contents.has(id)) return;
    const { version, manifest, size, mtimeMs, mode } = wanted;
    this.#push({ do: "update", ...this.#target(id), joined, version, manifest, size, mtimeMs, mode });
  }

  /** A folder comes back with the mode that it was deleted with. */
  #setFolderMode(id: NodeId, { node, wanted }: RewindItem, place: Place): void {
    if (node.kind !== "folder" || wanted === null || wanted.mode === node.mode) return;
    this.#tree.put(id, place);
    this.#push({ do: "move", ...this.#target(id), joined: true, place, mode: wanted.mode, aside: false });
  }

  #placeAbove(folder: NodeId): void {
    const chain: NodeId[] = [];
    const seen = new Set<NodeId>();
    for (let at = folder; at !== rootId && !seen.has(at);) {
      seen.add(at);
      chain.push(at);
      at = this.#goal.places.get(at)?.parent ?? this.#facts.node(at)?.parent ?? rootId;
    }
    for (const id of chain.toReversed()) this.#place(id);
  }

  /** The place, or one beside it if something stands there that stays. Undefined: it is there already. */
  #free(id: NodeId, place: Place): { place: Place; isFreed: boolean } | undefined {
    const holder = this.#tree.holder(place);
    if (holder === undefined || holder === id) return { place, isFreed: false };
    if (this.#goal.removals.has(holder) && !this.#removed.has(holder) && [...this.#tree.children(holder)].length === 0) {
      this.#remove(holder, false);
      return { place, isFreed: true };
    }
    const isLeaving = this.#goal.removals.has(holder) || (this.#goal.places.has(holder) && !this.#placed.has(holder));
    if (isLeaving) {
      this.#stepAside(holder);
      return { place, isFreed: true };
    }
    for (let number = 1; ; number++) {
      const beside = { parent: place.parent, name: restoredName(place.name, this.#date, number) };
      const other = this.#tree.holder(beside);
      if (other === id) return undefined;
      if (other === undefined) return { place: beside, isFreed: false };
    }
  }

  #stepAside(id: NodeId): void {
    const parent = this.#tree.parent(id);
    if (parent === undefined) return;
    const place = { parent, name: temporaryName(id) };
    this.#push({ do: "move", ...this.#target(id), joined: false, place, aside: true });
    this.#tree.put(id, place);
    this.#steppedAside.add(id);
    this.#asides.push(id);
  }

  #removeUp(id: NodeId): void {
    if (this.#removed.has(id)) return;
    for (const child of this.#tree.children(id)) if (this.#goal.removals.has(child)) this.#removeUp(child);
    this.#remove(id, false);
  }

  #remove(id: NodeId, joined: boolean): void {
    this.#removed.add(id);
    this.#push({ do: "delete", ...this.#target(id), joined });
    this.#tree.remove(id);
  }

  #target(id: NodeId): { node: NodeId; baseRev: number } {
    return { node: id, baseRev: this.#tree.rev(id) };
  }

  #push(step: Step): void {
    this.steps.push(step);
    this.#tree.touch(step.node);
  }
}
