import type { NodeId, UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax, changesPageMax, pageManifestCharsMax } from "@ashlar/shared/limits";
import type { TreePage } from "@ashlar/shared/protocol/tree";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Database } from "../ports.ts";
import { ReadBatch } from "./bulk.ts";
import { nodeColumns, nodeState, type NodeRow } from "./node-row.ts";

type NamespaceHead = { epoch: TreePage["epoch"]; head: number };
type ChildRow = NodeRow & { readonly manifest: string | null; readonly found: number };

const headSql = "SELECT epoch, seq AS head FROM namespaces WHERE user_id = ?1";
const folderSql = `SELECT ${nodeColumns} FROM nodes n WHERE n.user_id = ?1 AND n.node_id = ?2 AND n.deleted_at IS NULL`;

/** `found` counts what was there before the page was cut to its size. */
const childrenSql = `
  SELECT * FROM (
    SELECT page.*, count(*) OVER () AS found,
      sum(coalesce(length(manifest), 0)) OVER (ORDER BY name) - coalesce(length(manifest), 0) AS charsBefore FROM (
      SELECT ${nodeColumns}, CASE WHEN length(v.manifest) <= ${changeManifestCharsMax} THEN v.manifest END AS manifest FROM nodes n
      LEFT JOIN versions v ON v.user_id = n.user_id AND v.node_id = n.node_id AND v.version = n.version
      WHERE n.user_id = ?1 AND n.parent_id = ?2 AND n.name > ?3 AND n.deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM nodes f WHERE f.user_id = ?1 AND f.node_id = ?2 AND f.digest = ?6) ORDER BY n.name LIMIT ?4
    ) page
  ) WHERE charsBefore < ?5 ORDER BY name`;

export type TreeQuestion = {
  readonly user: UserId;
  readonly node: NodeId;
  readonly after: string;
  /** The asker's digest of the folder: if it is right, no child is read. */
  readonly known?: string | undefined;
  readonly limit?: number;
};

/**
 * A page of a folder's live children in order of their names' UTF-8 bytes, those after the name `after` ("" begins).
 * Throws a ProblemError `not-found` if this user has no such live folder.
 */
export async function readTree(db: Database, { user, node, after, known, limit = changesPageMax }: TreeQuestion): Promise<TreePage> {
  const batch = new ReadBatch(db);
  const heads = batch.add<NamespaceHead>(db.prepare(headSql).bind(user));
  const folders = batch.add<NodeRow>(db.prepare(folderSql).bind(user, node));
  const children = batch.add<ChildRow>(db.prepare(childrenSql).bind(user, node, after, limit + 1, pageManifestCharsMax, known ?? null));
  await batch.run();

  const [namespace] = heads();
  const [folder] = folders();
  if (namespace === undefined || folder === undefined || folder.kind !== "folder") {
    throw new ProblemError("not-found", `There is no folder ${node}.`);
  }
  const page = children().slice(0, limit);
  const last = page.at(-1);
  return {
    ...namespace,
    folder: nodeState(folder),
    children: page.map((row) => ({ ...nodeState(row), manifest: row.manifest })),
    next: last !== undefined && last.found > page.length ? last.name : null,
  };
}
