/** The collector's runs, in the directory database: what came of them, and the lock that keeps a second one out. */
import { newId } from "@ashlar/shared/ids";
import { collectLockMs, runRecordMs } from "@ashlar/shared/limits";
import type { Database, RandomBytes } from "../ports.ts";
import type { Details } from "./part.ts";

/** `collect` deletes; `plan` only says what it would; `check` looks at what was stored last. */
export type RunKind = "collect" | "plan" | "check";

export type RunRecord = {
  readonly kind: RunKind;
  /** By the platform's clock, ms since 1970; `at` is the time that the run goes by. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly at: number;
  readonly seen: number;
  readonly deleted: number;
  readonly bytesFreed: number;
  readonly errors: number;
  readonly parts: Readonly<Record<string, Details>>;
};

export type RunId = { readonly startedAt: number; readonly run: string };

/** Only runs that delete lock, and only each other: a deletion that lands late must not meet the next run's. */
const beginSql = `
  INSERT INTO gc_runs (started_at, run_id, kind) SELECT ?1, ?2, ?3
  WHERE ?3 <> 'collect' OR NOT EXISTS (SELECT 1 FROM gc_runs WHERE started_at > ?4 AND kind = 'collect' AND finished_at IS NULL)
  RETURNING run_id`;
const finishSql = `
  UPDATE gc_runs SET finished_at = ?3, seen = ?4, deleted = ?5, bytes_freed = ?6, errors = ?7, details = ?8
  WHERE started_at = ?1 AND run_id = ?2`;

/** Undefined if another run is under way, or has died so recently that what it sent may still land. `now` is the real time. */
export async function beginRun(directory: Database, kind: RunKind, now: number, random: RandomBytes): Promise<RunId | undefined> {
  const run = newId(random);
  const begun = await directory
    .prepare(beginSql)
    .bind(now, run, kind, now - collectLockMs)
    .first();
  return begun === null ? undefined : { startedAt: now, run };
}

export async function finishRun(directory: Database, { startedAt, run }: RunId, record: RunRecord): Promise<void> {
  const { seen, deleted, bytesFreed, errors, at, parts } = record;
  await directory
    .prepare(finishSql)
    .bind(startedAt, run, startedAt + record.tookMs, seen, deleted, bytesFreed, errors, JSON.stringify({ at, parts }))
    .run();
}

/** Records are kept for 90 days. */
export async function pruneRuns(directory: Database, now: number): Promise<number> {
  const { results } = await directory
    .prepare("DELETE FROM gc_runs WHERE started_at <= ?1 RETURNING 1")
    .bind(now - runRecordMs)
    .all();
  return results.length;
}
