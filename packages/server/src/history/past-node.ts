import type { NodeId, UserId } from "@ashlar/shared/ids";
import type { PastNode } from "@ashlar/shared/protocol/history";
import type { Database } from "../ports.ts";
import { bulk, ReadBatch } from "../namespace/bulk.ts";
import { nodeColumns, nodeState, type NodeRow } from "../namespace/node-row.ts";

export const pastNode = (row: NodeRow): PastNode => ({ ...nodeState(row), deletedAt: row.deletedAt });

/** UNION drops repeats, so that shared ancestors are climbed once. */
const upSql = `
  WITH RECURSIVE up(id) AS (
    SELECT value FROM json_each(?1)
    UNION
    SELECT n.parent_id FROM up CROSS JOIN nodes n ON n.user_id = ?2 AND n.node_id = up.id WHERE n.parent_id IS NOT NULL
  )
  SELECT ${nodeColumns} FROM up CROSS JOIN nodes n ON n.user_id = ?2 AND n.node_id = up.id`;

/** These nodes and all folders above them, live or deleted. */
export async function readUpwards(db: Database, user: UserId, nodes: Iterable<NodeId>): Promise<Map<NodeId, NodeRow>> {
  const ids = [...new Set(nodes)];
  if (ids.length === 0) return new Map();
  const batch = new ReadBatch(db);
  const rows = batch.add<NodeRow>(...bulk(db, upSql, ids, user));
  await batch.run();
  return new Map(rows().map((row) => [row.node, row]));
}

/** The node and what is above it, from below the root down; `rows` has them all. */
export function chainOf(rows: ReadonlyMap<NodeId, NodeRow>, node: NodeId): NodeRow[] {
  const chain: NodeRow[] = [];
  for (let row = rows.get(node); row !== undefined && row.parent !== null; row = rows.get(row.parent)) chain.push(row);
  return chain.toReversed();
}
