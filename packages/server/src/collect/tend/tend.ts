/**
 * What the collector does to one user's rows, inside the user's Durable Object and in one order with the commits: what is too old
 * goes, packs that are dead are deleted, and mostly dead ones rewritten. Each call is short, so that commits wait little for it.
 */
import { wantedBlocksMax } from "@ashlar/shared/limits";
import { recover } from "../../namespace/intent.ts";
import { pruneJournal } from "../../namespace/journal.ts";
import { pruneUsage } from "../../usage/prune-usage.ts";
import { deleteDeadPacks, planDeadPacks } from "./dead-packs.ts";
import { expireHistory, planHistory } from "./history.ts";
import { losePacks, recountLost } from "./lost-packs.ts";
import { planRewrite, rewritePacks } from "./rewrite-packs.ts";
import type { TendCall, TendDeps, TendReport } from "./types.ts";

export type TendBounds = {
  readonly changes: number;
  readonly versions: number;
  readonly nodes: number;
  readonly manifestChars: number;
  readonly packs: number;
  /** Packs that are read and copied: commits wait meanwhile. */
  readonly rewrites: number;
};

const tendBounds: TendBounds = { changes: 5000, versions: 2000, nodes: 2000, manifestChars: 4_000_000, packs: 500, rewrites: 20 };

/**
 * Safe to cut anywhere and to repeat. Throws what storage throws; what was begun by then is finished or undone by the next call or
 * commit.
 */
export async function tend(deps: TendDeps, call: TendCall, bounds: TendBounds = tendBounds): Promise<TendReport> {
  const { user, now, dryRun, suspects = [] } = call;
  // A commit that died left its intent to the next one; this user may never make one.
  if (!dryRun) await recover(deps, user);
  if (!dryRun) await pruneUsage(deps.db, user, now);
  const changes = await pruneJournal(deps.db, { user, now, rowsMax: bounds.changes, dryRun });
  // Versions outlive the changes that tell of them (I1).
  const isJournalCut = changes === bounds.changes;
  const history = isJournalCut ? undefined : await planHistory(deps, { user, now, bounds });
  if (history !== undefined && !dryRun) await expireHistory(deps, user, now, history);
  const dead = await planDeadPacks(deps, { user, now, packs: bounds.packs });
  if (dead !== undefined && !dryRun) await deleteDeadPacks(deps, user, now, dead);
  const rewrite = await planRewrite(deps, { user, now, packs: bounds.rewrites });
  const rewritten = rewrite === undefined || dryRun ? { damaged: [] } : await rewritePacks(deps, { user, now }, rewrite);
  if (!dryRun) await losePacks(deps, { user, now }, [...suspects, ...rewritten.damaged]);
  const wanted = dryRun ? [] : await recountLost(deps, { user, now }, wantedBlocksMax);
  return {
    changes,
    versions: history?.versions.length ?? 0,
    nodes: history?.nodes.length ?? 0,
    released: history?.released.length ?? 0,
    packsDeleted: dead?.packs.length ?? 0,
    packsRewritten: rewritten.damaged.length > 0 ? 0 : (rewrite?.packs.length ?? 0),
    bytesFreed: (dead?.packs ?? []).reduce((total, { size }) => total + size, 0),
    damaged: rewritten.damaged.length,
    wanted,
    isCut:
      isJournalCut ||
      history?.isCut === true ||
      dead?.packs.length === bounds.packs ||
      (rewritten.damaged.length === 0 && (rewrite?.packs.length ?? 0) > 0),
  };
}
