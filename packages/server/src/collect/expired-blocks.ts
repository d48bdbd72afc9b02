/**
 * Blocks of one index shard that nobody holds or needs any more. The order keeps I1 through any crash: a row is marked `deleting`,
 * which fences off holds and uploads; then its object goes; and only when that is certain the row. A crash leaves rows marked,
 * and the next run begins with them.
 */
import type { BlockHash } from "@ashlar/shared/ids";
import { blockKey } from "../blocks/store-block.ts";
import type { BucketCollector, Database } from "../ports.ts";

/** R2 takes so many keys in one call. */
const deletedAtOnceMax = 1000;

export type ExpiredBlock = { readonly hash: BlockHash; readonly bytes: number };

/** What one run does to one shard: a value, to be printed or refused. */
export type BlockPlan = {
  readonly now: number;
  /** The part of the shard that was looked at: hashes above `after`, up to `upTo`. */
  readonly after: string;
  readonly upTo: string;
  /** Whether that part reaches the end, so that the next one begins at the start. */
  readonly isLast: boolean;
  readonly seen: number;
  readonly expiredLeases: number;
  /** Left over from a run that was cut: they are finished first. */
  readonly unfinished: readonly ExpiredBlock[];
  readonly expired: readonly ExpiredBlock[];
};

export type BlockBounds = {
  /** Looked at by one statement. */
  readonly rows: number;
  /** Such statements in a run, as long as the round is behind: it is meant to take so many runs, however many rows there are. */
  readonly steps: number;
  readonly roundRuns: number;
  readonly leases: number;
  readonly blocks: number;
};

export type BlockOutcome = { readonly leases: number; readonly deleted: number; readonly bytesFreed: number; readonly errors: number };

/** Not by `delete_after` alone: null, with a hold, is no number and stays; and what `check` has named is protected (decision 15). */
const isExpired = "ref_count = 0 AND delete_after <= ?2 AND protected_until <= ?2 AND state <> 'deleting'";

const partSql = `
  SELECT count(*) AS seen, coalesce(max(hash), ?1) AS upTo FROM (SELECT hash FROM blocks WHERE hash > ?1 ORDER BY hash LIMIT ?2)`;
const expiredSql = `
  SELECT hash, stored_size AS bytes FROM blocks WHERE hash > ?1 AND hash <= ?3 AND ${isExpired} ORDER BY hash LIMIT ?4`;
const leasesSql = "SELECT hash, user_id FROM holders WHERE hash > ?1 AND hash <= ?3 AND expires_at <= ?2 ORDER BY hash, user_id LIMIT ?4";
/** The first term is the index's own: SQLite sees by it that the index has them all. */
const unfinishedSql = `
  SELECT hash, stored_size AS bytes FROM blocks WHERE state IN ('deleting', 'damaged') AND state = 'deleting' ORDER BY hash LIMIT ?1`;

const deleteLeasesSql = `DELETE FROM holders WHERE (hash, user_id) IN (${leasesSql}) RETURNING 1`;
/** What was expired when it was planned may be needed again: this statement decides. */
const markSql = `
  UPDATE blocks SET state = 'deleting' WHERE hash IN (SELECT value FROM json_each(?1)) AND ${isExpired}
  RETURNING hash, stored_size AS bytes`;
const isMarked = "hash IN (SELECT value FROM json_each(?1)) AND state = 'deleting' AND ref_count = 0";

/** `now` is ms since 1970. Looks at no more rows than the bounds say, and plans no more than they do: the rest is the next run's. */
export async function planBlocks(
  db: Database,
  { after, now, bounds }: { after: string; now: number; bounds: BlockBounds },
): Promise<BlockPlan> {
  const goal = endOfPart(after, bounds.roundRuns);
  const expired: ExpiredBlock[] = [];
  let unfinished: readonly ExpiredBlock[] = [];
  let [seen, expiredLeases, upTo, isLast] = [0, 0, after, false];
  for (let step = 0; step < bounds.steps && !isLast && (step === 0 || upTo < goal); step++) {
    const part = (await db.prepare(partSql).bind(upTo, bounds.rows).first<{ seen: number; upTo: string }>()) ?? { seen: 0, upTo };
    const room = bounds.blocks - expired.length;
    const [found, leases, marked] = await db.batch<ExpiredBlock>([
      db.prepare(expiredSql).bind(upTo, now, part.upTo, room),
      db.prepare(`SELECT count(*) AS bytes FROM (${leasesSql})`).bind(upTo, now, part.upTo, bounds.leases),
      ...(step === 0 ? [db.prepare(unfinishedSql).bind(bounds.blocks)] : []),
    ]);
    unfinished = marked?.results ?? unfinished;
    expiredLeases += leases?.results[0]?.bytes ?? 0;
    const blocks = found?.results ?? [];
    expired.push(...blocks);
    seen += part.seen;
    if (blocks.length === room) {
      upTo = blocks.at(-1)?.hash ?? upTo;
      break;
    }
    upTo = part.upTo;
    isLast = part.seen < bounds.rows;
  }
  return { now, after, upTo, isLast, seen, expiredLeases: Math.min(expiredLeases, bounds.leases), unfinished, expired };
}

/** Hashes are spread evenly: a share of the names is about that share of the rows, and nobody has to count them. */
function endOfPart(after: string, roundRuns: number): string {
  const from = Number.parseInt(after.slice(0, 8) || "0", 16);
  return Math.min(from + Math.ceil(2 ** 32 / roundRuns), 2 ** 32 - 1)
    .toString(16)
    .padStart(8, "0")
    .padEnd(64, "f");
}

export type BlockPorts = {
  readonly db: Database;
  readonly bucket: BucketCollector;
  /** Throws when the run may not send deletions any more. */
  readonly requireTime: () => void;
  readonly report: (message: string, cause: unknown) => void;
};

/** Carries the plan out, as far as it still holds. Safe to cut anywhere and to repeat, but not beside another run. */
export async function collectBlocks(ports: BlockPorts, plan: BlockPlan, bounds: BlockBounds): Promise<BlockOutcome> {
  const { db } = ports;
  const { after, upTo, now } = plan;
  const finished = await removeMarked(ports, plan.unfinished);
  const leases = plan.expiredLeases === 0 ? [] : (await db.prepare(deleteLeasesSql).bind(after, now, upTo, bounds.leases).all()).results;
  const hashes = plan.expired.map(({ hash }) => hash);
  const marked = hashes.length === 0 ? [] : (await db.prepare(markSql).bind(JSON.stringify(hashes), now).all<ExpiredBlock>()).results;
  const removed = await removeMarked(ports, marked);
  return {
    leases: leases.length,
    deleted: finished.deleted + removed.deleted,
    bytesFreed: finished.bytesFreed + removed.bytesFreed,
    errors: finished.errors + removed.errors,
  };
}

/**
 * A deletion that failed may still be on its way, and would take what is stored after the row is gone: such rows stay marked
 * until the next run, by when it has landed.
 */
export async function removeMarked(
  { db, bucket, requireTime, report }: BlockPorts,
  blocks: readonly ExpiredBlock[],
): Promise<Omit<BlockOutcome, "leases">> {
  let deleted = 0;
  let bytesFreed = 0;
  let errors = 0;
  for (let at = 0; at < blocks.length; at += deletedAtOnceMax) {
    const some = blocks.slice(at, at + deletedAtOnceMax);
    requireTime();
    try {
      await bucket.delete(some.map(({ hash }) => blockKey(hash)));
    } catch (error) {
      report("blocks could not be deleted from the bucket", error);
      errors += 1;
      continue;
    }
    const json = JSON.stringify(some.map(({ hash }) => hash));
    const [, gone] = await db.batch<ExpiredBlock>([
      db.prepare(`DELETE FROM holders WHERE hash IN (SELECT hash FROM blocks WHERE ${isMarked})`).bind(json),
      db.prepare(`DELETE FROM blocks WHERE ${isMarked} RETURNING hash, stored_size AS bytes`).bind(json),
    ]);
    for (const { bytes } of gone?.results ?? []) {
      deleted += 1;
      bytesFreed += bytes;
    }
  }
  return { deleted, bytesFreed, errors };
}
