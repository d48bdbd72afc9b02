/** Stops before much is deleted that perhaps nobody meant to delete (DESIGN section 9, FIELD c1). */
import type { Plan } from "../planner/types.ts";
import type { Core } from "./core.ts";
import type { Deletions } from "./recent-deletions.ts";

const filesMin = 20;
const shareMin = 0.25;
const filesAlways = 500;

/** `deletes` of `total` files, on one side. */
export function isMassDelete(deletes: number, total: number): boolean {
  return deletes >= filesAlways || (deletes >= filesMin && deletes >= total * shareMin);
}

/** `deletes` are to come, `recent` ones were carried out; `left` files are there before those to come. */
export function massDeleteQuestion(deletes: Deletions, recent: Deletions, left: number): string | undefined {
  const isMass = (side: keyof Deletions) => isMassDelete(deletes[side] + recent[side], left + recent.remote + recent.local);
  const meant = "If that is meant, stop this sync and start it with --allow-mass-delete; if not,";
  if (isMass("remote")) {
    return `${deletes.remote} of ${left} files are gone from this folder and would be deleted on the server. ${meant} put the files back; who has no copy of them starts it like that, and then has \`ashlar restore\` bring them back.`;
  }
  if (isMass("local")) {
    return `${deletes.local} of ${left} files were deleted on the server and would be deleted here. ${meant} \`ashlar restore\` brings them back, and \`ashlar trash\` lists them.`;
  }
  return undefined;
}

/** What to ask before this plan is carried out. While it is asked, what was deleted lately goes on counting. */
export function deletionQuestion({ trees, options, recentDeletions, now }: Core, { actions }: Plan): string | undefined {
  const deletes = actions.some((action) => action.do === "remove-local" || (action.do === "commit" && action.op.op === "delete"));
  if (!deletes || options.allowMassDelete) return undefined;
  const question = massDeleteQuestion(trees.countPendingDeletes(), recentDeletions.at(now), trees.synced.countFiles());
  if (question !== undefined) recentDeletions.hold(now);
  return question;
}
