/**
 * What no row of the client's database may say, whatever happened before: what a crash, a rotten disk or a mistake of this
 * program has left there. Reads in a few queries; mending forgets what cannot be trusted, so that it is observed and merged anew.
 */
import { type NodeId, rootId } from "@ashlar/shared/ids";
import type { LocalDatabase } from "../database.ts";
import type { Trees } from "./trees.ts";
import { integer, nodeId, text } from "./row.ts";

export type TreeFault = {
  readonly kind:
    /** No folder leads to it: a parent is missing, or it is its own ancestor. */
    | "unreachable"
    /** Two settled nodes in one place. One that is to be looked at may wait for the other to leave it. */
    | "twice"
    /** The trees differ, and nobody is going to look at it. */
    | "unmarked"
    /** A block's place in a file that is not there. */
    | "placeless";
  readonly tree: "local" | "remote" | "all";
  readonly id: NodeId;
  readonly name: string;
};

const unreachable = (tree: "local" | "remote") => `
  WITH RECURSIVE reached(id) AS (
    SELECT id FROM ${tree} WHERE parent = ?1
    UNION SELECT child.id FROM reached CROSS JOIN ${tree} child ON child.parent = reached.id
  ) SELECT id, name FROM ${tree} WHERE id NOT IN reached LIMIT ?2`;

const twice = (tree: "local" | "remote") => `
  WITH settled AS (SELECT id, parent, name FROM ${tree} WHERE id NOT IN (SELECT id FROM dirty))
  SELECT one.id AS id, one.name AS name FROM settled one
  JOIN (SELECT parent, name FROM settled GROUP BY parent, name HAVING count(*) > 1) place ON place.parent = one.parent AND place.name = one.name
  WHERE one.id != ?1 LIMIT ?2`;

/** Only what every comparison of the planner would call a difference: modes and spellings may differ for good. */
const unmarked = `
  SELECT every.id AS id, coalesce(local.name, remote.name, synced.name) AS name
  FROM (SELECT id FROM local UNION SELECT id FROM remote UNION SELECT id FROM synced) every
  LEFT JOIN local ON local.id = every.id LEFT JOIN remote ON remote.id = every.id LEFT JOIN synced ON synced.id = every.id
  WHERE every.id != ?1 AND every.id NOT IN (SELECT id FROM dirty) AND (
    local.id IS NULL OR remote.id IS NULL OR synced.id IS NULL OR local.parent != remote.parent OR local.name != remote.name
    OR synced.parent != remote.parent OR synced.name != remote.name OR synced.version != remote.version
    OR (local.kind != 'folder' AND (local.manifest IS NULL OR (synced.manifest IS NOT NULL AND local.manifest != synced.manifest)))
  ) LIMIT ?2`;

const placeless = `
  SELECT DISTINCT node AS id, node AS name FROM places WHERE node != ?1 AND node NOT IN (SELECT id FROM local) LIMIT ?2`;

const queries: readonly (Pick<TreeFault, "kind" | "tree"> & { readonly sql: string })[] = [
  { kind: "unreachable", tree: "local", sql: unreachable("local") },
  { kind: "unreachable", tree: "remote", sql: unreachable("remote") },
  { kind: "twice", tree: "local", sql: twice("local") },
  { kind: "twice", tree: "remote", sql: twice("remote") },
  { kind: "unmarked", tree: "all", sql: unmarked },
  { kind: "placeless", tree: "local", sql: placeless },
];

/** At most `limit` of each kind and tree. */
export function treeFaults(database: LocalDatabase, limit: number): TreeFault[] {
  return queries.flatMap(({ kind, tree, sql }) =>
    database
      .prepare(sql)
      .all(rootId, limit)
      .map((row) => ({ kind, tree, id: nodeId(row, "id"), name: text(row, "name") })),
  );
}

/**
 * Mends what the local and the synced tree say; the remote one is mended by asking the server. A local node that cannot be
 * trusted is forgotten with what was agreed of it: the next look at the disk finds it, and it is merged, so that nothing is
 * deleted (I5). Returns how many nodes it was about. To be followed by a full scan before anything is planned.
 */
export function mendTrees(trees: Trees, database: LocalDatabase): number {
  return trees.transaction(() => {
    const faults = treeFaults(database, nodesMax);
    const forget = ["local", "synced"].map((table) => database.prepare(`DELETE FROM ${table} WHERE id = ?`));
    const unplace = database.prepare("DELETE FROM places WHERE node = ?");
    for (const { kind, tree, id } of faults) {
      if (tree === "remote") continue;
      if (kind === "unreachable" || kind === "twice") forget.forEach((statement) => statement.run(id));
      if (kind !== "unmarked") unplace.run(id);
      if (kind !== "placeless") trees.dirty.mark(id);
    }
    trees.forgetCached();
    return faults.length;
  });
}

/** Of each kind, in one go: the next one finds the rest. */
const nodesMax = 100_000;

/** Bytes of files that are known to come to this disk. */
export function bytesToCome(database: LocalDatabase): number {
  const row = database
    .prepare(
      `SELECT coalesce(sum(remote.size), 0) AS bytes FROM dirty JOIN remote ON remote.id = dirty.id LEFT JOIN local ON local.id = dirty.id
       WHERE local.id IS NULL AND remote.kind = 'file'`,
    )
    .get();
  return row === undefined ? 0 : integer(row, "bytes");
}
