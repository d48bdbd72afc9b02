/** One planning: what has been decided so far. */
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { isTemporaryName } from "./names.ts";
import type { Action, Place, PlanOptions, Step, TreesReader, Wait } from "./types.ts";

export type Side = "local" | "remote";

export type Verdict =
  /** In agreement. */
  | { state: "clean" }
  /** Something else has to happen first, in this plan or a later one. */
  | { state: "blocked" }
  /** `index` is its action; `vacates` the side where its place becomes free by it. */
  | { state: "acts"; index: number; vacates: Side | undefined };

export const clean: Verdict = { state: "clean" };
export const blocked: Verdict = { state: "blocked" };

/** What must be done before; undefined: not now. */
export type Needs = readonly number[] | undefined;

export class PlanContext {
  readonly trees: TreesReader;
  readonly options: PlanOptions;
  readonly actions: Action[] = [];
  readonly waits: Wait[] = [];
  /** Folders that vanished here but are needed for what the server has in them. */
  readonly wanted = new Set<NodeId>();
  /** Moves made here that the server cannot take: they go back to where the server has them. */
  readonly reverted = new Set<NodeId>();
  readonly #namesGiven = new Set<string>();
  readonly #decide: (context: PlanContext, id: NodeId) => Verdict;
  readonly #verdicts = new Map<NodeId, Verdict | "deciding">();
  readonly #awaited = new Set<NodeId>();
  readonly #asides = new Map<NodeId, number>();
  #reads = 0;
  #readBytes = 0;
  #isReadFull = false;
  #depth = 0;

  constructor(trees: TreesReader, options: PlanOptions, decide: (context: PlanContext, id: NodeId) => Verdict) {
    this.trees = trees;
    this.options = options;
    this.#decide = decide;
  }

  /** There is enough to do: what was looked at so far is done before more is. */
  get full(): boolean {
    return this.#isReadFull || this.actions.length - this.#reads >= this.options.actionsMax;
  }

  /** The verdict on a node, decided once; "deciding" when the question comes up while it is being answered. */
  visit(id: NodeId): Verdict | "deciding" {
    if (id === rootId) return clean;
    const known = this.#verdicts.get(id);
    if (known === "deciding") this.#awaited.add(id);
    if (known !== undefined) return known;
    // A chain of renames can be as long as a folder: the next plan goes on where this one stops.
    if (this.full || this.#depth > depthMax || this.options.busy(id)) return blocked;
    this.#verdicts.set(id, "deciding");
    this.#depth++;
    const verdict = this.#decide(this, id);
    this.#depth--;
    this.#verdicts.set(id, verdict);
    return verdict;
  }

  /** Somebody on the way to its verdict has to wait for it. */
  isAwaited(id: NodeId): boolean {
    return this.#awaited.has(id);
  }

  /** Decided by the way, as a part of another node's verdict. */
  settle(id: NodeId, verdict: Verdict): void {
    this.#verdicts.set(id, verdict);
  }

  isDecided(id: NodeId): boolean {
    return this.#verdicts.has(id);
  }

  /** The first of a node's two actions in a swap; asked again, the same one. */
  stepAside(id: NodeId, step: Step): number {
    const known = this.#asides.get(id);
    if (known !== undefined) return known;
    const index = this.#push(step, []);
    this.#asides.set(id, index);
    return index;
  }

  hasSteppedAside(id: NodeId): boolean {
    return this.#asides.has(id);
  }

  /** The revision that the node will have: every operation of the same commit raises it by one. */
  revOf(remote: SharedNode): number {
    return remote.rev + (this.#asides.has(remote.id) ? 1 : 0);
  }

  /** False if this plan has given that name away already. */
  giveName(parent: NodeId, name: string): boolean {
    const key = `${parent}/${this.options.fold(name)}`;
    if (this.#namesGiven.has(key)) return false;
    this.#namesGiven.add(key);
    return true;
  }

  act(step: Step, needs: readonly number[] = [], vacates?: Side): Verdict {
    return { state: "acts", index: this.#push(step, needs), vacates };
  }

  #push(step: Step, needs: readonly number[]): number {
    const aside = this.#asides.get(step.node);
    return this.actions.push({ ...step, needs: [...new Set(aside === undefined ? needs : [...needs, aside])] }) - 1;
  }

  /** Its content has to be read before anything can be said. */
  read(node: LocalNode): Verdict {
    this.#isReadFull = this.#reads >= this.options.readsMax || this.#readBytes >= this.options.readBytesMax;
    if (this.#isReadFull) return blocked;
    this.#reads++;
    this.#readBytes += Math.min(node.stat.size, heldBytesMax);
    return this.act({ do: "read", node: node.id });
  }

  wait(node: NodeId, reason: Wait["reason"], detail: string): Verdict {
    this.waits.push({ node, reason, detail });
    return blocked;
  }
}

const depthMax = 400;
/** Of one file at most its last block is small enough to be held: see `Ingested.small`. */
const heldBytesMax = 64 * 1024;

export function placeOf(node: { parent: NodeId; name: string; spelling: string | undefined }): Place {
  return { parent: node.parent, name: node.name, spelling: node.spelling };
}

/** The spelling is not part of it: a form of the same name is no rename (FIELD c23). */
export function samePlace(one: Place, other: Place): boolean {
  return one.parent === other.parent && one.name === other.name;
}

/** A place that a person gave it, and not a swap cut short. */
export function movedHere(local: LocalNode, synced: SharedNode): boolean {
  return !samePlace(local, synced) && !isTemporaryName(local.name);
}

/** Mode bits without which an owner cannot put anything into a folder. */
export const ownerEnters = 0o300;

export function sameMode(context: PlanContext, local: LocalNode, shared: SharedNode): boolean {
  return !context.options.keepsModes || local.kind === "symlink" || local.stat.mode === shared.mode;
}

/** Same content as far as versions or manifests tell; a folder has none. */
export function sameContent(one: SharedNode, other: SharedNode): boolean {
  return one.version === other.version || (one.manifest !== null && one.manifest === other.manifest);
}
