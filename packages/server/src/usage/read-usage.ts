/** The accounts of one user, from counters that every commit keeps: nothing is added up over files. */
import type { DeviceId, UserId } from "@ashlar/shared/ids";
import { usageDays, usageRowsMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { dateOf, dayOf, type Traffic, type Usage } from "@ashlar/shared/protocol/usage";
import { ReadBatch } from "../namespace/bulk.ts";
import type { Database } from "../ports.ts";

type NamespaceRow = {
  readonly bytesUsed: number;
  readonly quotaBytes: number;
  readonly versionBytes: number;
  readonly storedBytes: number;
  readonly files: number;
  readonly folders: number;
};
type DayRow = Traffic & { readonly day: number; readonly device: DeviceId };

const namespaceSql = `
  SELECT bytes_used AS bytesUsed, quota_bytes AS quotaBytes, version_bytes AS versionBytes, stored_bytes AS storedBytes, files, folders
  FROM namespaces WHERE user_id = ?1`;
const daysSql = `
  SELECT day, device_id AS device, commits, file_bytes AS fileBytes, block_bytes AS blockBytes, sent_bytes AS sentBytes
  FROM usage_days WHERE user_id = ?1 AND day > ?2 AND day <= ?3 ORDER BY day DESC, device_id LIMIT ${usageRowsMax}`;
const totalSql = `
  SELECT coalesce(sum(commits), 0) AS commits, coalesce(sum(file_bytes), 0) AS fileBytes, coalesce(sum(block_bytes), 0) AS blockBytes,
    coalesce(sum(sent_bytes), 0) AS sentBytes
  FROM usage_days WHERE user_id = ?1 AND day > ?2 AND day <= ?3`;

/** `now` is ms since 1970. Throws a ProblemError `not-found` if the user has no namespace here. */
export async function readUsage(db: Database, user: UserId, now: number): Promise<Usage> {
  const today = dayOf(now);
  const window = [user, today - usageDays, today] as const;
  const batch = new ReadBatch(db);
  const namespaces = batch.add<NamespaceRow>(db.prepare(namespaceSql).bind(user));
  const rows = batch.add<DayRow>(db.prepare(daysSql).bind(...window));
  const totals = batch.add<Traffic>(db.prepare(totalSql).bind(...window));
  await batch.run();
  const [namespace] = namespaces();
  const [total] = totals();
  if (namespace === undefined || total === undefined) throw new ProblemError("not-found", "This account has no namespace.");
  const { bytesUsed, quotaBytes, versionBytes, storedBytes, files, folders } = namespace;
  return {
    quotaBytes,
    current: { bytes: bytesUsed, files, folders },
    history: { bytes: versionBytes - bytesUsed },
    storedBytes,
    saved: {
      storedBytes: versionBytes - storedBytes,
      sentBytes: { byBlocks: total.fileBytes - total.blockBytes, byDeltas: total.blockBytes - total.sentBytes },
    },
    total,
    days: rows().map(({ day, device, ...traffic }) => ({ day: dateOf(day), device, ...traffic })),
  };
}
