/** The trash: nodes that were deleted and are still kept. It is read from the journal, which knows who and when. */
import type { DeviceId, NodeId, UserId } from "@ashlar/shared/ids";
import { changesPageMax, deletionRunMs, historyMs, historyScanRowsMax } from "@ashlar/shared/limits";
import type { TrashBelow, TrashPage } from "@ashlar/shared/protocol/history";
import { ReadBatch } from "../namespace/bulk.ts";
import { nodeColumns, type NodeRow } from "../namespace/node-row.ts";
import type { Database } from "../ports.ts";
import type { DeviceNames } from "./device-names.ts";
import { chainOf, pastNode, readUpwards } from "./past-node.ts";

type TrashRow = NodeRow & { readonly seq: number; readonly device: DeviceId; readonly deletedPath: string };

const headSql = "SELECT seq AS head FROM namespaces WHERE user_id = ?1";

/**
 * A deletion counts if it was its node's last change. What was deleted shortly before the folder that it was in went with
 * that folder, and is not told on its own.
 */
const topsSql = `
  SELECT c.seq, c.device_id AS device, c.path AS deletedPath, ${nodeColumns}
  FROM changes c
  CROSS JOIN nodes n ON n.user_id = c.user_id AND n.node_id = c.node_id AND n.rev = c.rev
  LEFT JOIN nodes p ON p.user_id = c.user_id AND p.node_id = n.parent_id
  WHERE c.user_id = ?1 AND c.seq < ?2 AND c.seq >= ?3 AND c.type = 'delete' AND c.at > ?4
    AND (p.deleted_at IS NULL OR p.deleted_at - n.deleted_at NOT BETWEEN 0 AND ${deletionRunMs})
  ORDER BY c.seq DESC LIMIT ?5`;

/** Deleted before the change `before`, the newest first. `now` is ms since 1970. */
export async function readTrash(
  db: Database,
  nameDevices: DeviceNames,
  { user, before, now, limit = changesPageMax }: { user: UserId; before: number | null; now: number; limit?: number },
): Promise<TrashPage> {
  const end = before ?? ((await db.prepare(headSql).bind(user).first<{ head: number }>())?.head ?? 0) + 1;
  const start = Math.max(1, end - historyScanRowsMax);
  const { results } = await db
    .prepare(topsSql)
    .bind(user, end, start, now - historyMs, limit + 1)
    .all<TrashRow>();
  const page = results.slice(0, limit);
  const rows = await readUpwards(
    db,
    user,
    page.map(({ node }) => node),
  );
  const named = await nameDevices(page);
  const items = named.map((row) => {
    const { device, deviceName, deletedPath } = row;
    const path = chainOf(rows, row.node).map(({ name }) => name);
    return { ...pastNode(row), device, deviceName, deletedPath, path: path.join("/") };
  });
  const last = page.at(-1);
  if (results.length > limit && last !== undefined) return { items, next: last.seq };
  return { items, next: start > 1 ? start : null };
}

const belowSql = `
  SELECT ${nodeColumns} FROM nodes f CROSS JOIN nodes n INDEXED BY nodes_deleted_name
  ON n.user_id = f.user_id AND n.parent_id = f.node_id AND n.deleted_at IS NOT NULL
  WHERE f.user_id = ?1 AND f.node_id = ?2 AND (n.name, n.node_id) > (?3, ?4)
    AND f.deleted_at - n.deleted_at BETWEEN 0 AND ${deletionRunMs}
  ORDER BY n.name, n.node_id LIMIT ?5`;

/** What was deleted with each of these folders, directly in it. A cursor, as `next` gives one, goes on in the only folder asked. */
export async function readTrashBelow(
  db: Database,
  { user, folders, after, limit = changesPageMax }: { user: UserId; folders: readonly NodeId[]; after: string | null; limit?: number },
): Promise<TrashBelow> {
  // A name has no slash, an id neither.
  const [name = "", node = ""] = after?.split("/") ?? [];
  const batch = new ReadBatch(db);
  const pages = folders.map((folder) => ({
    folder,
    rows: batch.add<NodeRow>(db.prepare(belowSql).bind(user, folder, name, node, limit + 1)),
  }));
  await batch.run();
  return {
    folders: pages.map(({ folder, rows }) => {
      const children = rows().slice(0, limit);
      const last = children.at(-1);
      const next = rows().length > limit && last !== undefined ? `${last.name}/${last.node}` : null;
      return { folder, children: children.map(pastNode), next };
    }),
  };
}
