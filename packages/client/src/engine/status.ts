import type { LocalDatabase } from "../database.ts";
import { Trees } from "../trees/trees.ts";
import type { EngineState, Status } from "./types.ts";
import type { FeedState } from "../ports.ts";

/** What the trees cannot tell, written down whenever it changes. */
export type Condition = {
  readonly state: EngineState;
  readonly feed: FeedState;
  readonly lastSyncedAtMs: number | null;
  readonly question: string | undefined;
  readonly unwatched: number;
};

const key = "condition";
const unknownCondition: Condition = { state: "stopped", feed: "offline", lastSyncedAtMs: null, question: undefined, unwatched: 0 };

export function writeCondition(trees: Trees, condition: Condition): void {
  trees.meta.write(key, JSON.stringify(condition));
}

export function readCondition(trees: Trees): Condition {
  const text = trees.meta.read(key);
  return text === undefined ? unknownCondition : { ...unknownCondition, ...(JSON.parse(text) as Partial<Condition>) };
}

export function statusOf(trees: Trees, condition: Condition): Status {
  const waiting = trees.waiting.all().map(({ path, reason, detail, sinceMs, nextTryMs }) => ({ path, reason, detail, sinceMs, nextTryMs }));
  return { ...condition, pending: trees.dirty.count(), waiting, conflicts: trees.conflicts.all(), cursor: trees.meta.cursor };
}

/** What the engine last wrote down; another process may ask while it runs. */
export function readStatus(database: LocalDatabase): Status {
  // Case matters only where names are compared, and a status compares none.
  const trees = new Trees(database, { caseSensitive: true, readOnly: true });
  return statusOf(trees, readCondition(trees));
}
