/**
 * One run of the collector: all parts are planned, the plan is printed, and then carried out part by part. Each part is bounded and
 * goes on where it left off at the last run; one that fails is told and does not stop the others.
 */
import { collectMsMax } from "@ashlar/shared/limits";
import type { BucketCollector, Clock, Database, RandomBytes, Sha256, Unzstd } from "../ports.ts";
import { readCursors } from "./cursors.ts";
import type { BlockBounds } from "./expired-blocks.ts";
import type { Details, Part, PartOutcome, PartPlan, Report } from "./part.ts";
import { blocksPart } from "./parts/blocks.ts";
import { type DeltasBounds, deltasPart } from "./parts/deltas.ts";
import { recordsPart } from "./parts/records.ts";
import { newestBlocksPart, type ScrubBounds, scrubBlocksPart } from "./parts/scrub-blocks.ts";
import { type PackScrubBounds, scrubPacksPart } from "./parts/scrub-packs.ts";
import { type StraysBounds, straysPart } from "./parts/strays.ts";
import { type UsersBounds, usersPart } from "./parts/users.ts";
import { beginRun, finishRun, type RunKind, type RunRecord } from "./runs.ts";
import type { TendCall, TendReport } from "./tend/types.ts";

export type CollectPorts = {
  readonly directory: Database;
  readonly metaShards: readonly Database[];
  readonly indexShards: readonly Database[];
  readonly bucket: BucketCollector;
  /** Calls the user's Durable Object. */
  readonly tend: (call: TendCall) => Promise<TendReport>;
  /** The real time: how long a run takes, and when it was. */
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sha256: Sha256;
  readonly unzstd: Unzstd;
  readonly report: Report;
  /** Takes one line of JSON. */
  readonly log: (line: string) => void;
};

export type CollectBounds = {
  readonly blocks: BlockBounds;
  readonly users: UsersBounds;
  readonly scrub: ScrubBounds;
  readonly packs: PackScrubBounds;
  /** For the run of a server that has just started. */
  readonly newest: ScrubBounds & { readonly withinMs: number };
  readonly deltas: DeltasBounds;
  readonly strays: StraysBounds;
};

/** For each shard and run, users over all shards. A row read costs a thousandth of a row written, so the walks are long and have no index. */
export const collectBounds: CollectBounds = {
  blocks: { rows: 100_000, steps: 20, roundRuns: 24, leases: 100_000, blocks: 20_000 },
  users: { users: 4000, calls: 20 },
  scrub: { looks: 200, reads: 10 },
  packs: { looks: 100, reads: 2 },
  newest: { looks: 0, reads: 200, withinMs: 600_000 },
  deltas: { rows: 1000, rounds: 20 },
  strays: { pages: 50 },
};

/**
 * `now` decides what is old enough, in ms since 1970. Answers the record of the run, which is also kept; undefined if another run is
 * under way.
 */
export async function collect(
  ports: CollectPorts,
  { kind, now, bounds = collectBounds }: { kind: RunKind; now: number; bounds?: CollectBounds },
): Promise<RunRecord | undefined> {
  const { directory, clock, random, log } = ports;
  const run = await beginRun(directory, kind, clock.now(), random);
  if (run === undefined) {
    log(JSON.stringify({ collector: "skipped", why: "another run is under way, or died less than half an hour ago" }));
    return undefined;
  }
  const parts = await partsOf(ports, { kind, now, bounds, startedAt: run.startedAt });
  const planned = await planAll(ports, parts);
  log(JSON.stringify({ collector: "plan", kind, at: now, parts: eventful(planned.details) }));
  const done = kind === "plan" ? { ...noSums, details: {} } : await runAll(ports, planned.plans);
  const record: RunRecord = {
    kind,
    startedAt: run.startedAt,
    tookMs: clock.now() - run.startedAt,
    at: now,
    seen: planned.seen,
    deleted: done.deleted,
    bytesFreed: done.bytesFreed,
    errors: planned.errors + done.errors,
    // Of what was not carried out, the plan, or why there is none.
    parts: { ...planned.details, ...done.details },
  };
  const short = { ...record, parts: eventful(record.parts) };
  await finishRun(directory, run, short);
  log(JSON.stringify({ collector: "run", ...short }));
  return record;
}

type Call = { readonly kind: RunKind; readonly now: number; readonly bounds: CollectBounds; readonly startedAt: number };

async function partsOf(ports: CollectPorts, { kind, now, bounds, startedAt }: Call): Promise<Part[]> {
  const { directory, metaShards, indexShards, clock } = ports;
  const cursors = await readCursors(directory);
  const requireTime = () => {
    if (clock.now() - startedAt > collectMsMax) throw new Error("the run's time is over, and the next one goes on");
  };
  const shared = { ...ports, cursors, requireTime };
  if (kind === "check")
    return indexShards.map((db, shard) => newestBlocksPart({ ...shared, db }, { shard, ...bounds.newest, bounds: bounds.newest }));
  const dryRun = kind === "plan";
  const users = { ...bounds.users, users: Math.ceil(bounds.users.users / metaShards.length) };
  return [
    recordsPart(directory, now),
    ...metaShards.map((db, shard) => usersPart({ ...shared, db }, { shard, now, dryRun, bounds: users })),
    // Before blocks are collected: all is planned from one view of the rows.
    ...indexShards.map((db, shard) => scrubBlocksPart({ ...shared, db }, { shard, bounds: bounds.scrub })),
    ...indexShards.map((db, shard) => blocksPart({ ...shared, db }, { shard, now, bounds: bounds.blocks })),
    ...metaShards.map((db, shard) => scrubPacksPart({ ...shared, db }, { shard, now, bounds: bounds.packs })),
    ...metaShards.map((db, shard) => deltasPart({ ...shared, db }, { shard, now, bounds: bounds.deltas })),
    straysPart(shared, { now, bounds: bounds.strays }),
  ];
}

/** Most parts have nothing to do most of the time: what is only zeros is left out of the record and the log. */
function eventful(parts: Readonly<Record<string, Details>>): Record<string, Details> {
  return Object.fromEntries(Object.entries(parts).filter(([, details]) => Object.values(details).some(isSomething)));
}

const isSomething = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== 0);

type Plans = { plans: { name: string; plan: PartPlan }[]; details: Record<string, Details>; seen: number; errors: number };

async function planAll({ report }: CollectPorts, parts: readonly Part[]): Promise<Plans> {
  const all: Plans = { plans: [], details: {}, seen: 0, errors: 0 };
  for (const part of parts) {
    try {
      const plan = await part.plan();
      all.plans.push({ name: part.name, plan });
      all.details[part.name] = plan.details;
      all.seen += plan.seen;
    } catch (error) {
      report(`the collector could not plan ${part.name}`, error);
      all.details[part.name] = { failed: String(error) };
      all.errors += 1;
    }
  }
  return all;
}

const noSums = { deleted: 0, bytesFreed: 0, errors: 0 };

async function runAll({ report }: CollectPorts, plans: Plans["plans"]): Promise<PartOutcome & { details: Record<string, Details> }> {
  const sums = { ...noSums };
  const details: Record<string, Details> = {};
  for (const { name, plan } of plans) {
    try {
      const outcome = await plan.run();
      sums.deleted += outcome.deleted;
      sums.bytesFreed += outcome.bytesFreed;
      sums.errors += outcome.errors;
      details[name] = outcome.details;
    } catch (error) {
      report(`the collector could not finish ${name}`, error);
      details[name] = { failed: String(error) };
      sums.errors += 1;
    }
  }
  return { ...sums, details };
}
