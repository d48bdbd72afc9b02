/** The journal as an audit trail: who changed what, and when. */
import type { DeviceId, NodeId, Seq, UserId } from "@ashlar/shared/ids";
import { changesPageMax, historyMs, historyScanRowsMax } from "@ashlar/shared/limits";
import type { LogEntry, LogPage } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { ReadBatch } from "../namespace/bulk.ts";
import type { Database } from "../ports.ts";
import type { DeviceNames } from "./device-names.ts";
import { firstChangeAfter } from "./moment.ts";

export type LogQuestion = {
  readonly user: UserId;
  /** From this moment on, in ms since 1970; older than what is kept means all of that. */
  readonly from: number;
  /** After this change. */
  readonly after: Seq | null;
  /** What happened at or below this path, as it was called then. */
  readonly path: string | null;
  /** And what happened to this node, and directly in it, wherever that was. */
  readonly node: NodeId | null;
  readonly now: number;
  readonly limit?: number;
};

type Row = Omit<LogEntry, "from" | "deviceName"> & {
  readonly device: DeviceId;
  readonly fromParent: NodeId | null;
  readonly fromName: string;
};

const headSql = "SELECT seq AS head FROM namespaces WHERE user_id = ?1";

/** Compared by its beginning: a pattern would make characters of names special. */
const logSql = `
  SELECT c.seq, c.at, c.type, c.device_id AS device, c.node_id AS node, c.parent_id AS parent, c.path, c.kind, c.version, c.size,
    c.before_parent AS fromParent, c.before_name AS fromName
  FROM changes c WHERE c.user_id = ?1 AND c.seq > ?2 AND c.seq <= ?3
    AND (?4 IS NULL OR c.path = ?4 OR substr(c.path, 1, length(?4) + 1) = ?4 || '/' OR c.node_id = ?5 OR c.parent_id = ?5 OR c.before_parent = ?5)
  ORDER BY c.seq LIMIT ?6`;

/** Throws a ProblemError `not-found` if the user has no namespace here. */
export async function readLog(db: Database, nameDevices: DeviceNames, question: LogQuestion): Promise<LogPage> {
  const { user, from, after, path, node, now, limit = changesPageMax } = question;
  const oldest = Math.max(from - 1, now - historyMs);
  const since = after ?? (await firstChangeAfter(db, { user, to: oldest, now })) - 1;
  const until = since + historyScanRowsMax;
  const batch = new ReadBatch(db);
  const heads = batch.add<{ head: Seq }>(db.prepare(headSql).bind(user));
  const rows = batch.add<Row>(db.prepare(logSql).bind(user, since, until, path, node, limit));
  await batch.run();
  const [namespace] = heads();
  if (namespace === undefined) throw new ProblemError("not-found", "This account has no namespace.");
  const { head } = namespace;
  const named = await nameDevices(rows());
  const entries = named.map(({ fromParent, fromName, ...row }) => ({
    ...row,
    from: fromParent === null ? null : { parent: fromParent, name: fromName },
  }));
  const last = entries.length === limit ? (entries.at(-1)?.seq ?? head) : Math.min(until, head);
  return { head, entries, next: last < head ? last : null };
}
