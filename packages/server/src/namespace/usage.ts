/** What a commit adds to its user's accounts: counters beside the seq, and one row for its day and device. */
import type { BlockHash, DeviceId, UserId } from "@ashlar/shared/ids";
import { dayOf } from "@ashlar/shared/protocol/usage";
import type { Database, Statement } from "../ports.ts";
import type { Admission, BlockRow, NodeWrite } from "./admit.ts";
import type { BlockPlan } from "./block-plan.ts";
import type { Pack } from "../blocks/types.ts";
import type { SentBlock } from "./types.ts";

/** Numbers may be negative but for the bytes, in bytes. */
export type UsageAdded = {
  readonly files: number;
  readonly folders: number;
  /** Of the new versions. */
  readonly versionBytes: number;
  /** Of the blocks in them that none of the user's versions had. */
  readonly blockBytes: number;
  /** Of content that travelled for them. */
  readonly sentBytes: number;
};

export type UsageSources = {
  readonly admission: Admission;
  readonly plan: BlockPlan;
  /** The user's blocks as they were before. */
  readonly known: ReadonlyMap<string, BlockRow>;
  /** Whose content came with the commit. */
  readonly packs: readonly Pack[];
  /** Small content as it came with the commit, deltas as their frames. */
  readonly inlineSent: readonly SentBlock[];
  /** What operations named that were applied before, by this commit when it was sent first. */
  readonly counted: ReadonlySet<BlockHash>;
  /** What was sent for the blocks that are held now. */
  readonly heldBytes: number;
};

/**
 * Exact but for one thing: a small block that was sent before its commit counts with its size, whatever it came as, since a row
 * for each small block's way would cost more than it tells.
 */
export function usageOf({ admission, plan, known, packs, inlineSent, counted, heldBytes }: UsageSources): UsageAdded {
  const fresh = plan.rows.filter(({ hash, refs }) => refs > 0 && (known.get(hash)?.refs ?? 0) === 0);
  const arrived = new Set(packs.flatMap(({ blocks }) => blocks.map(({ hash }) => hash)));
  const sentBefore = fresh.filter(({ hash, pack }) => pack !== null && !arrived.has(hash));
  const named = new Set(admission.versions.flatMap(({ blocks }) => blocks.map(({ hash }) => hash)));
  // What came for operations that conflict is not counted now: it comes again when they are sent again.
  const inline = inlineSent.filter(({ hash }) => named.has(hash) && !counted.has(hash));
  return {
    files: countOf(admission.nodes, false),
    folders: countOf(admission.nodes, true),
    versionBytes: sumOf(admission.versions),
    blockBytes: sumOf(fresh),
    sentBytes: inline.reduce((total, { bytes }) => total + bytes, 0) + heldBytes + sumOf(sentBefore),
  };
}

const sumOf = (items: readonly { readonly size: number }[]): number => items.reduce((total, { size }) => total + size, 0);

function countOf(writes: readonly NodeWrite[], folders: boolean): number {
  const counts = (row: NodeWrite["before"]) => (row !== undefined && row.deletedAt === null && (row.kind === "folder") === folders ? 1 : 0);
  return writes.reduce((total, { before, after }) => total + counts(after) - counts(before), 0);
}

const daySql = `
  INSERT INTO usage_days (user_id, day, device_id, commits, file_bytes, block_bytes, sent_bytes) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)
  ON CONFLICT (user_id, day, device_id) DO UPDATE SET commits = commits + 1, file_bytes = file_bytes + excluded.file_bytes,
    block_bytes = block_bytes + excluded.block_bytes, sent_bytes = sent_bytes + excluded.sent_bytes`;

/** For the commit's own batch, so that a re-sent one, which has no batch, counts once (I4). `now` is ms since 1970. */
export function recordUsage(
  db: Database,
  { user, device, now, usage }: { user: UserId; device: DeviceId; now: number; usage: UsageAdded },
): Statement {
  return db.prepare(daySql).bind(user, dayOf(now), device, usage.versionBytes, usage.blockBytes, usage.sentBytes);
}
