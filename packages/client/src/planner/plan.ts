/**
 * The planner: from three trees to the next steps (DESIGN section 9, FIELD b1 and b7). A pure function; it looks at the
 * dirty nodes and at what stands in their way. When every step it gives has been taken, and it gives none, the trees are
 * equal but for what waits for a reason.
 *
 * It never plans two steps for one node, but for a swap's: what follows is planned again from what then is.
 */
import type { NodeId } from "@ashlar/shared/ids";
import { rootId } from "@ashlar/shared/ids";
import { withoutCycles } from "./acyclic.ts";
import { PlanContext, type Verdict, clean } from "./context.ts";
import { goneHere, goneThere } from "./gone.ts";
import { mergeBoth, meet } from "./merge.ts";
import { newHere, newThere } from "./arrival.ts";
import type { Action, Plan, PlanOptions, Step, TreesReader } from "./types.ts";

export function plan(trees: TreesReader, options: PlanOptions): Plan {
  const context = new PlanContext(trees, options, decide);
  const cleaned: NodeId[] = [];
  for (const id of options.dirty) {
    if (context.full) break;
    const verdict = context.visit(id);
    if (verdict !== "deciding" && verdict.state === "clean") cleaned.push(id);
  }
  return { actions: withoutCycles(trees, separateIdentities(context.actions)), clean: cleaned, waits: context.waits };
}

/** Steps that give a node another id stand alone with what else is done in the database: the rest of the plan knows it by the old one. */
function separateIdentities(actions: readonly Action[]): readonly Action[] {
  if (!actions.some((action) => action.do === "adopt" || action.do === "revive")) return actions;
  return actions.filter((action) => isInDatabase(action));
}

export function isInDatabase(step: Step): boolean {
  return step.do === "agree" || step.do === "forget" || step.do === "adopt" || step.do === "revive";
}

/** Existence on each side picks the rule; see docs/spec/planner.md. */
function decide(context: PlanContext, id: NodeId): Verdict {
  if (id === rootId) return clean;
  const remote = context.trees.remote.get(id);
  const local = context.trees.local.get(id);
  const synced = context.trees.synced.get(id);
  if (remote === undefined && local === undefined) {
    return synced === undefined ? clean : context.act({ do: "forget", node: id, below: false });
  }
  if (local === undefined) {
    if (remote === undefined) return clean;
    return synced === undefined ? newThere(context, remote) : goneHere(context, remote, synced);
  }
  if (remote === undefined) return synced === undefined ? newHere(context, local) : goneThere(context, local, synced);
  return synced === undefined ? meet(context, local, remote) : mergeBoth(context, local, remote, synced);
}
