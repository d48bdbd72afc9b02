import { RewindFacts } from "@ashlar/shared/history/rewind-facts";
import { planRewind, type RewindPlan } from "@ashlar/shared/history/rewind-plan";
import type { NodeId } from "@ashlar/shared/ids";
import type { HistoryEdge } from "../edge/history.ts";

/**
 * What takes `scope` (the root: everything) back to a moment, in ms since 1970; `date` (YYYY-MM-DD) is for names that have to
 * differ from what stands in their place. Rejects as the edge does: `history-expired` for a moment too long ago.
 */
export async function readRewindPlan(
  history: Pick<HistoryEdge, "rewind">,
  { scope, to, date, signal }: { scope: NodeId; to: number; date: string; signal: AbortSignal },
): Promise<RewindPlan> {
  const facts = new RewindFacts();
  let page = await history.rewind(to, null, signal);
  facts.add(page);
  while (page.next !== null) {
    page = await history.rewind(to, page.next, signal);
    facts.add(page);
  }
  return planRewind(facts, { scope, date });
}
