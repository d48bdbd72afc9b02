/** How the tree was at a moment, told by the changes since: a node is then what its first change after the moment found. */
import { rootId, type NodeId, type Seq, type UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax, historyScanRowsMax, pageManifestCharsMax } from "@ashlar/shared/limits";
import type { RewindPage, WantedState } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { ReadBatch } from "../namespace/bulk.ts";
import { sameManifestKey } from "../namespace/manifest-store.ts";
import { nodeColumns, type NodeRow } from "../namespace/node-row.ts";
import type { Database } from "../ports.ts";
import { firstChangeAfter } from "./moment.ts";
import { pastNode, readUpwards } from "./past-node.ts";

type FoundRow = {
  readonly seq: Seq;
  readonly type: string;
  readonly changed: NodeId;
  readonly path: string;
  readonly beforeParent: NodeId | null;
  readonly beforeName: string;
  readonly beforeSpelling: string | null;
  readonly beforeVersion: number;
  readonly beforeMode: number;
  readonly beforeDeleted: number | null;
  readonly wantedSize: number | null;
  readonly wantedMtimeMs: number | null;
  readonly same: 0 | 1;
  readonly manifest: string | null;
  /** Whether the page was not cut before its end. */
  readonly isLast: 0 | 1;
};
type Row = FoundRow & { readonly [Column in keyof NodeRow]: NodeRow[Column] | null };

const headSql = "SELECT seq AS head FROM namespaces WHERE user_id = ?1";

/** Two versions are the same content if their manifests are: in the row, or in the bucket under a name with their hash. */
const sameSql = `w.mode = p.mode AND (w.manifest = p.manifest OR ${sameManifestKey("w.manifest_key", "p.manifest_key")})`;

/**
 * Of the rows looked at, each node's first: what was saved a hundred times is told once. A page ends with the manifest that
 * fills it, so that it stays a message of a few megabytes.
 */
const rewindSql = `
  SELECT * FROM (
    SELECT page.*, sum(chars) OVER (ORDER BY seq) - chars AS charsBefore, seq = max(seq) OVER () AS isLast FROM (
      SELECT c.seq, c.type, c.node_id AS changed, c.path, c.before_parent AS beforeParent, c.before_name AS beforeName,
        c.before_spelling AS beforeSpelling, c.before_version AS beforeVersion, c.before_mode AS beforeMode, c.before_deleted AS beforeDeleted,
        ${nodeColumns}, w.size AS wantedSize, w.mtime_ms AS wantedMtimeMs, coalesce(${sameSql}, 0) AS same,
        CASE WHEN length(w.manifest) <= ${changeManifestCharsMax} AND NOT coalesce(${sameSql}, 0) THEN w.manifest END AS manifest,
        length(c.path) + CASE WHEN length(w.manifest) <= ${changeManifestCharsMax} AND NOT coalesce(${sameSql}, 0) THEN length(w.manifest) ELSE 0 END AS chars
      FROM (SELECT min(f.seq) AS seq FROM changes f WHERE f.user_id = ?1 AND f.seq > ?2 AND f.seq <= ?3 GROUP BY f.node_id) first
      CROSS JOIN changes c ON c.user_id = ?1 AND c.seq = first.seq
      LEFT JOIN nodes n ON n.user_id = c.user_id AND n.node_id = c.node_id
      LEFT JOIN versions w ON w.user_id = c.user_id AND w.node_id = c.node_id AND w.version = c.before_version
      LEFT JOIN versions p ON p.user_id = n.user_id AND p.node_id = n.node_id AND p.version = n.version
    ) page
  ) WHERE charsBefore < ?4 ORDER BY seq`;

/**
 * What a page of the changes after `after` found, or of those from the first one after the moment `to` on: at most `limit` rows
 * of the journal. Reads rows for these changes and for the folders above what they changed, and none of the rest of the tree.
 * Throws a ProblemError `history-expired` for a moment that is too long ago, `not-found` without a namespace.
 */
export async function readRewind(
  db: Database,
  { user, to, after, now, limit = historyScanRowsMax }: { user: UserId; to: number; after: Seq | null; now: number; limit?: number },
): Promise<RewindPage> {
  const since = after ?? (await firstChangeAfter(db, { user, to, now })) - 1;
  const until = since + limit;
  const batch = new ReadBatch(db);
  const heads = batch.add<{ head: Seq }>(db.prepare(headSql).bind(user));
  const rows = batch.add<Row>(db.prepare(rewindSql).bind(user, since, until, pageManifestCharsMax));
  await batch.run();
  const [namespace] = heads();
  if (namespace === undefined) throw new ProblemError("not-found", "This account has no namespace.");
  const { head } = namespace;

  const items: RewindPage["items"] = [];
  const lost: RewindPage["lost"] = [];
  const parents = new Set<NodeId>();
  for (const row of rows()) {
    const wanted = wantedOf(row);
    const present = nodeOf(row);
    if (wanted !== null) parents.add(wanted.parent);
    if (present === undefined) {
      if (wanted !== null) lost.push({ node: row.changed, parent: wanted.parent, path: row.path });
      continue;
    }
    parents.add(present.parent ?? rootId);
    items.push({ node: pastNode(present), wanted });
  }
  const folders = [...(await readUpwards(db, user, parents)).values()].map(pastNode);
  const last = rows().at(-1);
  const told = last === undefined || last.isLast === 1 ? Math.min(until, head) : last.seq;
  return { head, items, lost, folders, next: told < head ? told : null };
}

function nodeOf({ node, name, kind, rev, version, size, mtimeMs, mode, digest, ...rest }: Row): NodeRow | undefined {
  if (node === null || name === null || kind === null || rev === null || version === null) return undefined;
  if (size === null || mtimeMs === null || mode === null || digest === null) return undefined;
  const { parent, spelling, deletedAt } = rest;
  return { node, parent, name, spelling, kind, rev, version, size, mtimeMs, mode, digest, deletedAt };
}

function wantedOf(row: Row): WantedState | null {
  if (row.type === "create" || row.beforeDeleted !== null) return null;
  // Written before the journal noted what a change takes away: nobody may take that for nothing.
  if (row.beforeParent === null) throw new ProblemError("history-expired");
  const isFolder = row.beforeVersion === 0;
  const content = isFolder || row.same === 1 ? "same" : row.wantedSize === null ? "lost" : "other";
  return {
    parent: row.beforeParent,
    name: row.beforeName,
    ...(row.beforeSpelling === null ? {} : { spelling: row.beforeSpelling }),
    version: row.beforeVersion,
    size: row.wantedSize ?? 0,
    mtimeMs: row.wantedMtimeMs ?? 0,
    mode: row.beforeMode,
    content,
    manifest: row.manifest,
  };
}
