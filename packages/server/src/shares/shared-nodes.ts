/**
 * What of a user's tree a share shows: its node and what is below it now. That a node is below is looked up anew at every request,
 * by the way up from it: what was moved out, deleted or put in another's place is not there any more.
 */
import type { NodeId, UserId } from "@ashlar/shared/ids";
import { changesPageMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { SharedNode, SharedTree } from "@ashlar/shared/protocol/share";
import type { Database } from "../ports.ts";

export type Shared = { readonly user: UserId; readonly node: NodeId };
export type SharedFile = SharedNode & { readonly version: number };

/** Through live nodes alone; a link is nothing to share. */
const withinSql = `
  WITH RECURSIVE up(start, id) AS (
    SELECT value, value FROM json_each(?2)
    UNION
    SELECT up.start, n.parent_id FROM up CROSS JOIN nodes n ON n.user_id = ?1 AND n.node_id = up.id
    WHERE n.deleted_at IS NULL AND n.parent_id IS NOT NULL AND up.id <> ?3
  )
  SELECT n.node_id AS node, n.name, n.kind, n.size, n.mtime_ms AS mtimeMs, n.version FROM up
  CROSS JOIN nodes top ON top.user_id = ?1 AND top.node_id = ?3 AND top.deleted_at IS NULL
  CROSS JOIN nodes n ON n.user_id = ?1 AND n.node_id = up.start AND n.deleted_at IS NULL
  WHERE up.id = ?3 AND n.kind <> 'symlink'`;

/** Those of the nodes that the share shows, in no order. */
export async function sharedNodes(db: Database, { user, node: top }: Shared, nodes: readonly NodeId[]): Promise<SharedFile[]> {
  const { results } = await db
    .prepare(withinSql)
    .bind(user, JSON.stringify([...new Set(nodes)]), top)
    .all<SharedFile>();
  return results;
}

/** Throws a ProblemError `not-found` for a node that it does not show, wherever that is. */
export async function sharedNode(db: Database, shared: Shared, node: NodeId): Promise<SharedFile> {
  const [found] = await sharedNodes(db, shared, [node]);
  if (found === undefined) throw new ProblemError("not-found");
  return found;
}

/** What visitors are told of a node. */
export function shownNode({ node, name, kind, size, mtimeMs }: SharedNode): SharedNode {
  return { node, name, kind, size, mtimeMs };
}

const childrenSql = `
  SELECT node_id AS node, name, kind, size, mtime_ms AS mtimeMs FROM nodes
  WHERE user_id = ?1 AND parent_id = ?2 AND name > ?3 AND deleted_at IS NULL AND kind <> 'symlink' ORDER BY name LIMIT ?4`;

/** A page of a shared folder, in order of the names' UTF-8 bytes, after the name `after` ("" begins). */
export async function readSharedTree(
  db: Database,
  shared: Shared,
  { node, after, limit = changesPageMax }: { readonly node: NodeId; readonly after: string; readonly limit?: number },
): Promise<SharedTree> {
  const folder = await sharedNode(db, shared, node);
  if (folder.kind !== "folder") throw new ProblemError("not-found");
  const { results } = await db
    .prepare(childrenSql)
    .bind(shared.user, node, after, limit + 1)
    .all<SharedNode>();
  const children = results.slice(0, limit);
  return { folder: shownNode(folder), children, next: results.length > limit ? (children.at(-1)?.name ?? null) : null };
}
