import type { NodeId, UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax, changesPageMax, pageManifestCharsMax, treeChildrenMax } from "@ashlar/shared/limits";
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

/** The children after the name `after` ("" begins). */
export type FolderQuestion = {
  readonly node: NodeId;
  readonly after: string;
  /** The asker's digest of the folder: if it is right, no child is read. */
  readonly known?: string | undefined;
};
export type TreeQuestion = FolderQuestion & { readonly user: UserId; readonly limit?: number };

/**
 * A page of a folder's live children in order of their names' UTF-8 bytes. Throws a ProblemError `not-found` if this user has no such
 * live folder.
 */
export async function readTree(db: Database, { user, limit = changesPageMax, ...folder }: TreeQuestion): Promise<TreePage> {
  const [page] = await readPages(db, { user, folders: [folder], limit, charsMax: pageManifestCharsMax });
  if (page === undefined || page === null) throw new ProblemError("not-found", `There is no folder ${folder.node}.`);
  return page;
}

/** Pages of several folders, of one moment, which share what one answer may hold. Null: this user has no such live folder. */
export function readFolders(db: Database, user: UserId, folders: readonly FolderQuestion[]): Promise<(TreePage | null)[]> {
  const share = (total: number) => Math.floor(total / folders.length);
  const limit = Math.min(changesPageMax, share(treeChildrenMax));
  return readPages(db, { user, folders, limit, charsMax: share(pageManifestCharsMax) });
}

type Pages = { readonly user: UserId; readonly folders: readonly FolderQuestion[]; readonly limit: number; readonly charsMax: number };

async function readPages(db: Database, { user, folders, limit, charsMax }: Pages): Promise<(TreePage | null)[]> {
  const batch = new ReadBatch(db);
  const heads = batch.add<NamespaceHead>(db.prepare(headSql).bind(user));
  const found = folders.map(({ node, after, known = null }) => ({
    folder: batch.add<NodeRow>(db.prepare(folderSql).bind(user, node)),
    children: batch.add<ChildRow>(db.prepare(childrenSql).bind(user, node, after, limit + 1, charsMax, known)),
  }));
  await batch.run();
  const [namespace] = heads();
  return found.map(({ folder, children }) => {
    const [row] = folder();
    return namespace === undefined || row?.kind !== "folder" ? null : pageOf(namespace, row, children(), limit);
  });
}

function pageOf(namespace: NamespaceHead, folder: NodeRow, children: readonly ChildRow[], limit: number): TreePage {
  const page = children.slice(0, limit);
  const last = page.at(-1);
  return {
    ...namespace,
    folder: nodeState(folder),
    children: page.map((row) => ({ ...nodeState(row), manifest: row.manifest })),
    next: last !== undefined && last.found > page.length ? last.name : null,
  };
}
