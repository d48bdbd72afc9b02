import type { NodeId, UserId } from "@ashlar/shared/ids";
import { changesPageMax } from "@ashlar/shared/limits";
import type { VersionsPage } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { ReadBatch } from "../namespace/bulk.ts";
import { nodeColumns, type NodeRow } from "../namespace/node-row.ts";
import type { Database } from "../ports.ts";
import type { DeviceNames } from "./device-names.ts";
import { pastNode } from "./past-node.ts";

type Row = Omit<VersionsPage["versions"][number], "deviceName">;

const nodeSql = `SELECT ${nodeColumns} FROM nodes n WHERE n.user_id = ?1 AND n.node_id = ?2 AND n.kind <> 'folder'`;

const versionsSql = `
  SELECT version, size, mtime_ms AS mtimeMs, mode, device_id AS device, created_at AS createdAt, superseded_at AS supersededAt
  FROM versions WHERE user_id = ?1 AND node_id = ?2 AND version < ?3 ORDER BY version DESC LIMIT ?4`;

/** A file's versions below `before`, the newest first. Throws a ProblemError `not-found` if this user has no such file, live or deleted. */
export async function readVersions(
  db: Database,
  nameDevices: DeviceNames,
  { user, node, before, limit = changesPageMax }: { user: UserId; node: NodeId; before: number; limit?: number },
): Promise<VersionsPage> {
  const batch = new ReadBatch(db);
  const nodes = batch.add<NodeRow>(db.prepare(nodeSql).bind(user, node));
  const rows = batch.add<Row>(db.prepare(versionsSql).bind(user, node, before, limit + 1));
  await batch.run();
  const [row] = nodes();
  if (row === undefined) throw new ProblemError("not-found", `There is no file ${node}.`);
  const page = rows().slice(0, limit);
  const last = page.at(-1);
  return {
    node: pastNode(row),
    versions: await nameDevices(page),
    next: rows().length > limit && last !== undefined ? last.version : null,
  };
}
