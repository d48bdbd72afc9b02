import type { BlockHash, NodeId, OpId, UserId } from "@ashlar/shared/ids";
import { changeManifestCharsMax, commitOpsMax } from "@ashlar/shared/limits";
import type { Op } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { deltaName, type KeptDelta, keptDeltaOf, type KeptDeltaRow, keptDeltasSql, keptSince } from "../blocks/kept-deltas.ts";
import type { Pack } from "../blocks/types.ts";
import type { Database } from "../ports.ts";
import { namedBy, type BlockRow, type Loaded, type NamespaceRow } from "./admit.ts";
import type { PreviousManifest } from "./answer-patches.ts";
import { bulk, ReadBatch } from "./bulk.ts";
import { changeColumns, changeOf, type ChangeRow } from "./change-row.ts";
import type { CheckedOp } from "./checked-op.ts";
import { nodeColumns, type NodeRow } from "./node-row.ts";

// CROSS JOIN keeps the order as written, from the few to the many: without statistics SQLite would rather walk all of a user's rows.

const namespaceSql = `
  SELECT epoch, seq, generation, bytes_used AS bytesUsed, quota_bytes AS quotaBytes FROM namespaces WHERE user_id = ?1`;

/** The nodes and all their ancestors. UNION drops repeats, so shared ancestors are climbed once. */
const nodesSql = `
  WITH RECURSIVE up(id) AS (
    SELECT value FROM json_each(?1)
    UNION
    SELECT n.parent_id FROM up CROSS JOIN nodes n ON n.user_id = ?2 AND n.node_id = up.id WHERE n.parent_id IS NOT NULL
  )
  SELECT ${nodeColumns} FROM up CROSS JOIN nodes n ON n.user_id = ?2 AND n.node_id = up.id`;

const holdersSql = `
  SELECT ${nodeColumns} FROM json_each(?1) j CROSS JOIN nodes n INDEXED BY nodes_live_name
  ON n.user_id = ?2 AND n.parent_id = j.value->>0 AND n.name = j.value->>1 AND n.deleted_at IS NULL`;

/** Counting stops above what one commit could empty, so that a folder with a million children costs no more. */
const childCountsSql = `
  SELECT j.value AS folder, (SELECT count(*) FROM (
    SELECT 1 FROM nodes n INDEXED BY nodes_live_name WHERE n.user_id = ?2 AND n.parent_id = j.value AND n.deleted_at IS NULL LIMIT ?3
  )) AS count FROM json_each(?1) j`;

const knownSql = `
  SELECT ${changeColumns} FROM json_each(?1) j CROSS JOIN changes c ON c.user_id = ?2 AND c.op_id = j.value
  LEFT JOIN versions v ON v.user_id = c.user_id AND v.node_id = c.node_id AND v.version = c.version`;

/** A block that only a pack past its time has counts as absent: the collector may be at it. One that was lost is known, and nowhere. */
const blocksSql = `
  SELECT b.hash, b.size, b.refs, CASE WHEN p.lost_at IS NULL THEN b.pack_id END AS pack,
    CASE WHEN p.lost_at IS NULL THEN b.pack_offset END AS packOffset
  FROM json_each(?1) j CROSS JOIN user_blocks b ON b.user_id = ?2 AND b.hash = j.value
  LEFT JOIN packs p ON p.user_id = b.user_id AND p.pack_id = b.pack_id
  WHERE b.pack_id IS NULL OR p.live_bytes > 0 OR p.delete_after > ?3`;

const manifestsSql = `
  SELECT n.node_id AS node, v.version, v.manifest FROM json_each(?1) j
  CROSS JOIN nodes n ON n.user_id = ?2 AND n.node_id = j.value
  CROSS JOIN versions v ON v.user_id = n.user_id AND v.node_id = n.node_id AND v.version = n.version
  WHERE length(v.manifest) <= ?3`;

/**
 * Visits folders alone, of whose files one tells enough. Stops at folders that move themselves: walked from each of a hundred nested
 * ones, ten thousand folders would be a million rows.
 */
const heightsSql = `
  WITH RECURSIVE down(top, id, level) AS (
    SELECT value, value, 0 FROM json_each(?1)
    UNION ALL
    SELECT down.top, n.node_id, down.level + 1 FROM down CROSS JOIN nodes n INDEXED BY nodes_live_folder
    ON n.user_id = ?2 AND n.parent_id = down.id AND n.deleted_at IS NULL AND n.kind = 'folder'
    WHERE n.node_id NOT IN (SELECT value FROM json_each(?1))
  )
  SELECT top AS node, max(level + EXISTS (
    SELECT 1 FROM nodes n INDEXED BY nodes_live_name WHERE n.user_id = ?2 AND n.parent_id = down.id AND n.deleted_at IS NULL
  )) AS height FROM down GROUP BY top`;

export type LoadCall = {
  readonly user: UserId;
  readonly ops: readonly CheckedOp[];
  readonly packs: readonly Pack[];
  readonly deltas: readonly KeptDelta[];
  /** Files whose current manifests the answer is compared with. */
  readonly compared: readonly NodeId[];
  readonly now: number;
};

/**
 * Everything that the decision needs, from one moment of the shard, in one batch.
 * Throws a ProblemError `not-found` if the user has no namespace here.
 */
export async function load(db: Database, { user, ops, packs, deltas, compared, now }: LoadCall): Promise<Loaded> {
  const named = namedBy(ops);
  const hashes = new Set<BlockHash>([...ops, ...packs].flatMap(({ blocks }) => blocks.map(({ hash }) => hash)));
  const namedBlocks = [...new Set(ops.flatMap(({ blocks }) => blocks.map(({ hash }) => hash)))];
  const nodesOf = (...kinds: Op["op"][]) => [...new Set(ops.filter(({ op }) => kinds.includes(op.op)).map(({ op }) => op.node))];
  const batch = new ReadBatch(db);
  const namespaces = batch.add<NamespaceRow>(db.prepare(namespaceSql).bind(user));
  const nodes = batch.add<NodeRow>(...bulk(db, nodesSql, named.nodes, user));
  const holders = batch.add<NodeRow>(...bulk(db, holdersSql, named.places, user));
  const counts = batch.add<{ folder: NodeId; count: number }>(...bulk(db, childCountsSql, nodesOf("delete"), user, commitOpsMax + 1));
  const known = batch.add<ChangeRow>(
    ...bulk(
      db,
      knownSql,
      ops.map(({ op }) => op.opId),
      user,
    ),
  );
  const blocks = batch.add<BlockRow>(...bulk(db, blocksSql, [...hashes], user, now));
  const manifests = batch.add<{ node: NodeId; manifest: string }>(
    ...bulk(db, manifestsSql, nodesOf("move", "restore"), user, changeManifestCharsMax),
  );
  const previous = batch.add<PreviousManifest>(...bulk(db, manifestsSql, compared, user, changeManifestCharsMax));
  const kept = batch.add<KeptDeltaRow>(...bulk(db, keptDeltasSql, namedBlocks, user, keptSince(now)));
  await batch.run();

  const [namespace] = namespaces();
  if (namespace === undefined) throw new ProblemError("not-found", "This account has no namespace.");
  return {
    namespace,
    nodes: new Map([...nodes(), ...holders()].map((row) => [row.node, row])),
    childCounts: new Map(counts().map(({ folder, count }) => [folder, count])),
    known: new Map<OpId, ReturnType<typeof changeOf>>(known().map((row) => [row.opId, changeOf(user, row)])),
    blocks: new Map(blocks().map((row) => [row.hash, row])),
    manifests: new Map(manifests().map(({ node, manifest }) => [node, manifest])),
    previous: new Map(previous().map((row) => [row.node, row])),
    deltas: deltasByTarget([...deltas, ...kept().map(keptDeltaOf)]),
  };
}

/** Each once: what comes with a re-sent commit is known already. */
function deltasByTarget(deltas: readonly KeptDelta[]): Loaded["deltas"] {
  const distinct = new Map(deltas.toReversed().map((delta) => [deltaName(delta), delta]));
  return Map.groupBy(distinct.values(), ({ target }) => target);
}

/**
 * Levels of live nodes below each of the folders that the operations move. Reads all folders below them, each once, so only
 * when they get deeper. `nodes` has the moved ones with their ancestors.
 */
export async function loadHeights(
  db: Database,
  user: UserId,
  ops: readonly CheckedOp[],
  nodes: Loaded["nodes"],
): Promise<Map<NodeId, number>> {
  const moved = new Set(ops.filter(({ op }) => op.op === "move").map(({ op }) => op.node));
  const batch = new ReadBatch(db);
  const rows = batch.add<{ node: NodeId; height: number }>(...bulk(db, heightsSql, [...moved], user));
  await batch.run();
  const heights = new Map(rows().map(({ node, height }) => [node, height]));
  // The deepest first, so that what each adds to the next above is complete.
  const chains = [...moved].map((id) => liveChain(nodes, id)).toSorted((a, b) => b.length - a.length);
  for (const [id, ...ancestors] of chains) {
    const above = ancestors.findIndex((ancestor) => moved.has(ancestor));
    const outer = ancestors[above];
    if (id === undefined || outer === undefined) continue;
    heights.set(outer, Math.max(heights.get(outer) ?? 0, above + 1 + (heights.get(id) ?? 0)));
  }
  return heights;
}

/** The node and its ancestors up to the root; empty for one that is not there or deleted. */
function liveChain(nodes: Loaded["nodes"], node: NodeId): NodeId[] {
  const chain: NodeId[] = [];
  for (
    let row = nodes.get(node);
    row !== undefined && row.deletedAt === null;
    row = row.parent === null ? undefined : nodes.get(row.parent)
  ) {
    chain.push(row.node);
  }
  return chain;
}
