/** A commit as rows: the statements of its one batch. */
import type { DeviceId, NodeId, UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { Change } from "@ashlar/shared/protocol/change";
import { type KeptDelta, recordDeltas } from "../blocks/kept-deltas.ts";
import type { Database, Statement } from "../ports.ts";
import type { Admission, NamespaceRow, NodeWrite } from "./admit.ts";
import type { BlockPlan } from "./block-plan.ts";
import { bulk } from "./bulk.ts";
import type { StoredManifest } from "./manifest-store.ts";
import { recordUsage, type UsageAdded } from "./usage.ts";

// Updates find each row by a key that is all in the JSON: were the user a constant, SQLite would walk all of his rows for each.

/** Aborts the whole batch if another writer was faster, or has undone this commit: `seq` takes no null (I3). */
const namespaceSql = `
  UPDATE namespaces SET seq = CASE WHEN seq = ?2 AND generation = ?3 THEN ?4 END, bytes_used = ?5,
    version_bytes = version_bytes + ?6, stored_bytes = stored_bytes + ?7, files = files + ?8, folders = folders + ?9 WHERE user_id = ?1`;

/** A name that no node can have: it has a slash. SQLite checks uniqueness row by row, so names that change hands are put aside. */
const parkSql = `
  UPDATE nodes SET name = '/' || node_id WHERE user_id = ?2 AND node_id IN (SELECT value FROM json_each(?1))`;

const insertNodesSql = `
  INSERT INTO nodes (user_id, node_id, parent_id, name, spelling, kind, rev, version, size, mtime_ms, mode, digest, deleted_at)
  SELECT value->>12, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9, value->>10, value->>11
  FROM json_each(?1)`;

const placeNodesSql = `
  UPDATE nodes SET parent_id = j.value->>1, name = j.value->>2, deleted_at = j.value->>11
  FROM json_each(?1) j WHERE user_id = j.value->>12 AND node_id = j.value->>0`;

/** Leaves the columns of the name index alone: they would cost a row each. */
const contentNodesSql = `
  UPDATE nodes SET spelling = j.value->>3, rev = j.value->>5, version = j.value->>6, size = j.value->>7, mtime_ms = j.value->>8,
    mode = j.value->>9, digest = j.value->>10
  FROM json_each(?1) j WHERE user_id = j.value->>12 AND node_id = j.value->>0`;

const supersedeSql = `
  UPDATE versions SET superseded_at = ?2 FROM json_each(?1) j
  WHERE user_id = j.value->>2 AND node_id = j.value->>0 AND version = j.value->>1`;

const versionsSql = `
  INSERT INTO versions (user_id, node_id, version, manifest, manifest_key, size, mtime_ms, mode, device_id, created_at, superseded_at)
  SELECT ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, ?3, ?4, value->>7 FROM json_each(?1)`;

/** The plan knows the place of each block: the one it had, unless its pack has expired. */
const blocksSql = `
  INSERT INTO user_blocks (user_id, hash, size, refs, pack_id, pack_offset)
  SELECT ?2, value->>0, value->>1, value->>2, value->>3, value->>4 FROM json_each(?1) WHERE true
  ON CONFLICT (user_id, hash) DO UPDATE SET
    refs = refs + excluded.refs, pack_id = excluded.pack_id, pack_offset = excluded.pack_offset`;

const packsSql = `
  INSERT INTO packs (user_id, pack_id, size, live_bytes, created_at, delete_after)
  SELECT ?2, value->>0, value->>1, value->>2, ?3, CASE WHEN value->>2 = 0 THEN ?4 END FROM json_each(?1) WHERE true
  ON CONFLICT DO NOTHING`;

const revivePacksSql = `
  UPDATE packs SET live_bytes = live_bytes + (j.value->>1), delete_after = NULL
  FROM json_each(?1) j WHERE user_id = j.value->>2 AND pack_id = j.value->>0`;

const changesSql = `
  INSERT INTO changes (user_id, seq, op_id, type, device_id, at, node_id, parent_id, name, spelling, path, kind, rev, version, size, mtime_ms, mode, deltas,
    before_parent, before_name, before_spelling, before_version, before_mode, before_deleted)
  SELECT ?2, value->>0, value->>1, value->>2, ?3, ?4, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9,
    value->>10, value->>11, value->>12, value->>13, value->>14, value->>15, value->>16, value->>17, value->>18, value->>19, value->>20
  FROM json_each(?1)`;

export type CommitWrite = {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly now: number;
  /** The namespace as the admission saw it: the batch fails if it is another by then. */
  readonly namespace: NamespaceRow;
  readonly admission: Admission;
  readonly blocks: BlockPlan;
  /** Where the new versions' manifests are. */
  readonly manifests: ReadonlyMap<string, StoredManifest>;
  readonly deltas: readonly KeptDelta[];
  readonly usage: UsageAdded;
};

/** One batch, so that an acknowledged commit is there as a whole, and another is not there at all (I4). */
export function writeStatements(db: Database, write: CommitWrite): Statement[] {
  const { user, device, now, namespace, admission, blocks, usage } = write;
  const { head, bytesUsed, nodes, changes } = admission;
  const created = nodes.filter(({ before }) => before === undefined);
  const kept = nodes.filter(({ before }) => before !== undefined);
  const placed = kept.filter(placeDiffers);
  const rowOf = (node: NodeWrite) => nodeValues(user, node);
  const packs = blocks.packs.map(({ id, size, liveBytes }) => [id, size, liveBytes]);
  return [
    db
      .prepare(namespaceSql)
      .bind(user, namespace.seq, namespace.generation, head, bytesUsed, usage.versionBytes, usage.blockBytes, usage.files, usage.folders),
    ...bulk(db, parkSql, parked(nodes), user),
    ...bulk(db, placeNodesSql, placed.map(rowOf)),
    ...bulk(db, contentNodesSql, kept.map(rowOf)),
    ...bulk(db, insertNodesSql, created.map(rowOf)),
    ...bulk(
      db,
      supersedeSql,
      superseded(admission).map((version) => [...version, user]),
      now,
    ),
    ...bulk(db, versionsSql, versionRows(write), user, device, now),
    ...bulk(
      db,
      blocksSql,
      blocks.rows.map(({ hash, size, refs, pack, offset }) => [hash, size, refs, pack, offset]),
      user,
    ),
    ...bulk(db, packsSql, packs, user, now, now + leaseMs),
    ...bulk(
      db,
      revivePacksSql,
      [...blocks.revived].map((pack) => [...pack, user]),
    ),
    ...bulk(
      db,
      changesSql,
      changes.map((change, index) => [...changeValues(change), ...foundValues(admission.found[index])]),
      user,
      device,
      now,
    ),
    ...recordDeltas(db, user, write.deltas, now),
    recordUsage(db, { user, device, now, usage }),
  ];
}

const nodeValues = (user: UserId, { after: n }: NodeWrite) => [
  n.node,
  n.parent,
  n.name,
  n.spelling,
  n.kind,
  n.rev,
  n.version,
  n.size,
  n.mtimeMs,
  n.mode,
  n.digest,
  n.deletedAt,
  user,
];

const changeValues = (c: Change) => [
  c.seq,
  c.opId,
  c.type,
  c.node,
  c.parent,
  c.name,
  c.spelling ?? null,
  c.path,
  c.kind,
  c.rev,
  c.version,
  c.size,
  c.mtimeMs,
  c.mode,
  c.deltas.length === 0 ? null : c.deltas,
];

const foundValues = (n: NodeWrite["before"]) =>
  n === undefined ? [null, null, null, null, null, null] : [n.parent, n.name, n.spelling, n.version, n.mode, n.deletedAt];

const placeDiffers = ({ before, after }: NodeWrite): boolean =>
  before?.parent !== after.parent || before.name !== after.name || before.deletedAt !== after.deletedAt;

const placeOf = ({ parent, name }: NodeWrite["after"]): string => `${parent ?? ""}/${name}`;

/** Live nodes whose old name is another's now. */
function parked(nodes: readonly NodeWrite[]): NodeId[] {
  const taken = new Map(nodes.flatMap(({ after }) => (after.deletedAt === null ? [[placeOf(after), after.node] as const] : [])));
  return nodes.flatMap(({ before }) => {
    if (before === undefined || before.deletedAt !== null) return [];
    const taker = taken.get(placeOf(before));
    return taker === undefined || taker === before.node ? [] : [before.node];
  });
}

/** Versions that were the newest in the database and are no more. */
function superseded({ nodes }: Admission): (readonly [NodeId, number])[] {
  return nodes.flatMap(({ before, after }) =>
    before !== undefined && before.kind !== "folder" && before.version < after.version ? [[before.node, before.version] as const] : [],
  );
}

function versionRows({ now, admission, manifests }: CommitWrite): unknown[] {
  const newest = new Map(admission.nodes.map(({ after }) => [after.node, after.version]));
  return admission.versions.map((version) => {
    const { node, size, mtimeMs, mode } = version;
    const stored = manifests.get(version.manifest);
    const supersededAt = newest.get(node) === version.version ? null : now;
    return [node, version.version, stored?.manifest ?? null, stored?.manifestKey ?? null, size, mtimeMs, mode, supersededAt];
  });
}
