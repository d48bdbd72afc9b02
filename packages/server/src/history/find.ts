import { rootId, type NodeId, type UserId } from "@ashlar/shared/ids";
import type { Found } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Database } from "../ports.ts";
import { chainOf, pastNode, readUpwards } from "./past-node.ts";

/** Programs that save by replacing leave many deleted files of one name: no more of them than this are looked at. */
const walkedMax = 10_000;

/**
 * By the names alone, through live and deleted folders, then the live one, or else the last that was deleted: a live node is in
 * live folders only.
 */
const walkSql = `
  WITH RECURSIVE walk(id, level) AS (
    SELECT ?2, 0
    UNION ALL
    SELECT n.node_id, walk.level + 1 FROM walk CROSS JOIN nodes n INDEXED BY nodes_live_name
    ON n.user_id = ?1 AND n.parent_id = walk.id AND n.name = ?3->>walk.level AND n.deleted_at IS NULL
    UNION ALL
    SELECT n.node_id, walk.level + 1 FROM walk CROSS JOIN nodes n INDEXED BY nodes_deleted_name
    ON n.user_id = ?1 AND n.parent_id = walk.id AND n.name = ?3->>walk.level AND n.deleted_at IS NOT NULL
    LIMIT ${walkedMax}
  )
  SELECT n.node_id AS node FROM walk CROSS JOIN nodes n ON n.user_id = ?1 AND n.node_id = walk.id
  WHERE walk.level = json_array_length(?3) ORDER BY n.deleted_at IS NOT NULL, n.deleted_at DESC, n.rev DESC LIMIT 1`;

/** Throws a ProblemError `not-found` if there is nothing, and nothing in the trash, at that path (names in NFC, `/` between; "" is the root). */
export async function find(db: Database, { user, path }: { user: UserId; path: string }): Promise<Found> {
  const names = path === "" ? [] : path.split("/");
  const row = await db.prepare(walkSql).bind(user, rootId, JSON.stringify(names)).first<{ node: NodeId }>();
  if (row === null) throw new ProblemError("not-found", "There is nothing at this path, and nothing of it in the trash.");
  return { chain: chainOf(await readUpwards(db, user, [row.node]), row.node).map(pastNode) };
}
