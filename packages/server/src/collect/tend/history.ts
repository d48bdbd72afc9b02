/** Versions that were superseded, and nodes that were deleted, more than 30 days ago, with what they referred to. */
import type { BlockHash, NodeId, PackId, UserId } from "@ashlar/shared/ids";
import { historyMs, leaseMs } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import { bulk, ReadBatch } from "../../namespace/bulk.ts";
import { fetchManifest, type StoredManifest } from "../../namespace/manifest-store.ts";
import { type Fence, nextGeneration, passFence, readFence } from "./fence.ts";
import type { TendDeps } from "./types.ts";

type VersionRow = StoredManifest & { readonly node: NodeId; readonly version: number; readonly size: number };
type BlockRow = { readonly hash: BlockHash; readonly size: number; readonly refs: number; readonly pack: PackId | null };

export type HistoryPlan = {
  readonly fence: Fence;
  readonly versions: readonly VersionRow[];
  readonly nodes: readonly NodeId[];
  /** How many of these versions each block was in. */
  readonly references: ReadonlyMap<BlockHash, number>;
  /** Large blocks that lose their last reference: the user's holds on them end. */
  readonly released: readonly BlockHash[];
  /** Bytes of all blocks that do. */
  readonly blockBytes: number;
  /** Bytes that nothing uses any more, of each pack. */
  readonly dead: ReadonlyMap<PackId, number>;
  /** Whether more is to be expired than one plan takes. */
  readonly isCut: boolean;
};

export type HistoryBounds = { readonly versions: number; readonly nodes: number; readonly manifestChars: number };

/** A manifest that is an object counts as a whole page: one at most is fetched for a plan. */
const versionsSql = `
  SELECT node, version, size, manifest, manifestKey FROM (
    SELECT *, sum(chars) OVER (ORDER BY node, version) - chars AS charsBefore FROM (
      SELECT v.node_id AS node, v.version, v.size, v.manifest, v.manifest_key AS manifestKey, coalesce(length(v.manifest), ?4) AS chars
      FROM versions v JOIN nodes n ON n.user_id = v.user_id AND n.node_id = v.node_id
      WHERE v.user_id = ?1 AND (v.superseded_at <= ?2 OR n.deleted_at <= ?2) ORDER BY v.node_id, v.version LIMIT ?3
    )
  ) WHERE charsBefore < ?4 ORDER BY node, version`;
const nodesSql = "SELECT node_id AS node FROM nodes WHERE user_id = ?1 AND deleted_at <= ?2 ORDER BY node_id LIMIT ?3";
const blocksSql = `
  SELECT b.hash, b.size, b.refs, b.pack_id AS pack FROM json_each(?1) j CROSS JOIN user_blocks b ON b.user_id = ?2 AND b.hash = j.value`;

const shrinkUsageSql = "UPDATE namespaces SET version_bytes = version_bytes - ?2, stored_bytes = stored_bytes - ?3 WHERE user_id = ?1";
const deleteVersionsSql = `
  DELETE FROM versions WHERE (user_id, node_id, version) IN (SELECT value->>2, value->>0, value->>1 FROM json_each(?1))`;
/** A node whose versions do not fit this plan stays until the last of them has gone. */
const deleteNodesSql = `
  DELETE FROM nodes WHERE (user_id, node_id) IN (SELECT ?2, value FROM json_each(?1))
  AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.user_id = nodes.user_id AND v.node_id = nodes.node_id)`;
const dropReferencesSql = `
  UPDATE user_blocks SET refs = refs - (j.value->>1) FROM json_each(?1) j WHERE user_id = j.value->>2 AND hash = j.value->>0`;
/** Of a small block the row stays: it says where the bytes are, until their pack goes. */
const deleteBlocksSql = `
  DELETE FROM user_blocks WHERE (user_id, hash) IN (SELECT ?2, value FROM json_each(?1)) AND refs = 0 AND pack_id IS NULL`;
export const shrinkPacksSql = `
  UPDATE packs SET live_bytes = live_bytes - (j.value->>1), delete_after = CASE WHEN live_bytes - (j.value->>1) = 0 THEN ?2 END
  FROM json_each(?1) j WHERE user_id = j.value->>2 AND pack_id = j.value->>0`;
const unusedManifestsSql = `
  SELECT value AS manifestKey FROM json_each(?1)
  WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.user_id = ?2 AND v.manifest_key = value)`;

/** Undefined if the user has no namespace here. `now` is ms since 1970. */
export async function planHistory(
  { db, bucket }: TendDeps,
  { user, now, bounds }: { user: UserId; now: number; bounds: HistoryBounds },
): Promise<HistoryPlan | undefined> {
  const before = now - historyMs;
  const batch = new ReadBatch(db);
  const fences = batch.add<Fence>(readFence(db, user));
  const versionRows = batch.add<VersionRow>(db.prepare(versionsSql).bind(user, before, bounds.versions, bounds.manifestChars));
  const nodeRows = batch.add<{ node: NodeId }>(db.prepare(nodesSql).bind(user, before, bounds.nodes));
  await batch.run();
  const [fence] = fences();
  if (fence === undefined) return undefined;
  const versions = versionRows();
  const nodes = nodeRows().map(({ node }) => node);

  const references = new Map<BlockHash, number>();
  let chars = 0;
  for (const version of versions) {
    const manifest = await fetchManifest(bucket, version);
    chars += version.manifestKey === null ? manifest.length : bounds.manifestChars;
    for (const hash of new Set(decodeManifest(manifest).map((ref) => ref.hash))) references.set(hash, (references.get(hash) ?? 0) + 1);
  }
  const known = new ReadBatch(db);
  const blockRows = known.add<BlockRow>(...bulk(db, blocksSql, [...references.keys()], user));
  if (references.size > 0) await known.run();
  const last = blockRows().filter(({ hash, refs }) => refs === references.get(hash));
  const dead = new Map<PackId, number>();
  for (const { pack, size } of last) if (pack !== null) dead.set(pack, (dead.get(pack) ?? 0) + size);
  return {
    fence,
    versions,
    nodes,
    references,
    released: last.flatMap(({ hash, pack }) => (pack === null ? [hash] : [])),
    blockBytes: last.reduce((total, { size }) => total + size, 0),
    dead,
    isCut: versions.length === bounds.versions || nodes.length === bounds.nodes || chars >= bounds.manifestChars,
  };
}

/**
 * One batch; the holds are given back after it, and the intent is written before: whenever this is cut, the next commit or call
 * releases what no row explains (I8). Throws if the namespace has moved on since the plan.
 */
export async function expireHistory(deps: TendDeps, user: UserId, now: number, plan: HistoryPlan): Promise<void> {
  const { db, blocks, intents } = deps;
  const { fence, versions, nodes, references, released, blockBytes, dead } = plan;
  if (versions.length === 0 && nodes.length === 0) return;
  if (released.length > 0) await intents.write({ holds: released });
  await db.batch([
    passFence(db, user, fence),
    db.prepare(shrinkUsageSql).bind(
      user,
      versions.reduce((total, { size }) => total + size, 0),
      blockBytes,
    ),
    ...bulk(
      db,
      deleteVersionsSql,
      versions.map(({ node, version }) => [node, version, user]),
    ),
    ...bulk(db, deleteNodesSql, nodes, user),
    ...bulk(
      db,
      dropReferencesSql,
      [...references].map(([hash, count]) => [hash, count, user]),
    ),
    ...bulk(db, deleteBlocksSql, released, user),
    ...bulk(
      db,
      shrinkPacksSql,
      [...dead].map(([pack, bytes]) => [pack, bytes, user]),
      now + leaseMs,
    ),
  ]);
  if (released.length > 0) {
    await blocks.release(user, released, nextGeneration(fence));
    await intents.clear();
  }
  await deleteManifests(
    deps,
    user,
    versions.flatMap(({ manifestKey }) => (manifestKey === null ? [] : [manifestKey])),
  );
}

/** No later commit writes an object of the same name, so a deletion that lands late takes nothing that is needed. */
async function deleteManifests({ db, bucket }: TendDeps, user: UserId, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const { results } = await db
    .prepare(unusedManifestsSql)
    .bind(JSON.stringify([...new Set(keys)]), user)
    .all<{ manifestKey: string }>();
  if (results.length > 0) await bucket.delete(results.map(({ manifestKey }) => manifestKey));
}
