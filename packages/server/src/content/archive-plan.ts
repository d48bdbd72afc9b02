/** What goes into an archive, known before its first byte: live files and folders at and below some nodes, under safe, unique names. */
import type { NodeId, UserId } from "@ashlar/shared/ids";
import { archiveEntriesMax, archivePathCharsMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Database } from "../ports.ts";
import { NamesInFolder } from "./archive-names.ts";

export type ArchivedFile = { readonly node: NodeId; readonly version: number; readonly size: number };
/** `path` with `/` between names; a folder has no file. */
export type ArchiveEntry = {
  readonly path: string;
  readonly mtimeMs: number;
  readonly mode: number;
  readonly file: ArchivedFile | undefined;
};

export type ArchivePlan = { readonly name: string; readonly entries: readonly ArchiveEntry[] };

type Row = ArchivedFile & {
  readonly parent: NodeId | null;
  readonly name: string;
  readonly kind: "file" | "folder" | "symlink";
  readonly mtimeMs: number;
  readonly mode: number;
};

/** UNION drops repeats: a node that was named and lies in another that was named is there once. */
const belowSql = `
  WITH RECURSIVE below(id) AS (
    SELECT n.node_id FROM json_each(?2) j CROSS JOIN nodes n ON n.user_id = ?1 AND n.node_id = j.value AND n.deleted_at IS NULL
    UNION
    SELECT n.node_id FROM below CROSS JOIN nodes n INDEXED BY nodes_live_name
    ON n.user_id = ?1 AND n.parent_id = below.id AND n.deleted_at IS NULL
    LIMIT ?3
  )
  SELECT n.node_id AS node, n.parent_id AS parent, n.name, n.kind, n.version, n.size, n.mtime_ms AS mtimeMs, n.mode
  FROM below CROSS JOIN nodes n ON n.user_id = ?1 AND n.node_id = below.id`;

/**
 * Symbolic links are left out: what unpacks an archive may follow one. Throws a ProblemError `not-found` if nothing of it is there,
 * `archive-too-large` for more than so many files and folders, or characters of their paths.
 */
export async function planArchive(
  db: Database,
  user: UserId,
  nodes: readonly NodeId[],
  { entriesMax = archiveEntriesMax, pathCharsMax = archivePathCharsMax }: { entriesMax?: number; pathCharsMax?: number } = {},
): Promise<ArchivePlan> {
  const { results } = await db
    .prepare(belowSql)
    .bind(user, JSON.stringify(nodes), entriesMax + 1)
    .all<Row>();
  if (results.length > entriesMax) throw new ProblemError("archive-too-large", `An archive holds ${entriesMax} files and folders at most.`);
  const rows = results.filter(({ kind }) => kind !== "symlink").toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const present = new Set(rows.map(({ node }) => node));
  const tops = rows.filter(({ parent }) => parent === null || !present.has(parent));
  const [first] = tops;
  if (first === undefined) throw new ProblemError("not-found", "There is nothing of this any more.");
  const childrenOf = Map.groupBy(rows, ({ parent }) => parent);
  const entries: ArchiveEntry[] = [];
  let chars = 0;
  for (const entry of entriesOf(tops, "", childrenOf)) {
    chars += entry.path.length;
    // Before the next is made: the paths are what would fill the memory.
    if (chars > pathCharsMax)
      throw new ProblemError("archive-too-large", `The paths of this archive's files have more than ${pathCharsMax} characters.`);
    entries.push(entry);
  }
  return { name: `${tops.length > 1 ? "files" : first.name || "Ashlar"}.zip`, entries };
}

function* entriesOf(rows: readonly Row[], way: string, childrenOf: ReadonlyMap<NodeId | null, readonly Row[]>): Generator<ArchiveEntry> {
  const names = new NamesInFolder();
  for (const { node, name, kind, version, size, mtimeMs, mode } of rows) {
    // Only the root has no name: what is in it is at the top.
    const path = name === "" ? "" : way + names.take(name);
    const file = kind === "file" ? { node, version, size } : undefined;
    if (path !== "") yield { path, mtimeMs, mode, file };
    if (file === undefined) yield* entriesOf(childrenOf.get(node) ?? [], path === "" ? "" : `${path}/`, childrenOf);
  }
}
