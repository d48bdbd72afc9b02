/**
 * Objects that no row has known for 72 hours: of uploads and commits that died. What a later request may write again under the same
 * name is fenced off first.
 */
import { type BlockHash, blockHashSchema, packIdSchema, type UserId, userIdSchema } from "@ashlar/shared/ids";
import { dayMs, deltaMs, leaseMs } from "@ashlar/shared/limits";
import { shardAt } from "../../blocks/block-index.ts";
import { groupByShard } from "../../blocks/shards.ts";
import type { BucketCollector, Database, ListedObject } from "../../ports.ts";
import { type Cursors, nextCursor } from "../cursors.ts";
import { removeMarked } from "../expired-blocks.ts";
import type { Part, Report, RequireTime } from "../part.ts";

export type StraysPorts = {
  readonly directory: Database;
  readonly metaShards: readonly Database[];
  readonly indexShards: readonly Database[];
  readonly bucket: BucketCollector;
  readonly cursors: Cursors;
  readonly requireTime: RequireTime;
  readonly report: Report;
};

/** Pages of 1,000 objects that are listed in each run. */
export type StraysBounds = { readonly pages: number };

type StrayBlock = { readonly hash: BlockHash; readonly bytes: number };
/** A pack or a long manifest. */
type Owned = { readonly user: UserId; readonly shard: number; readonly key: string; readonly name: string; readonly bytes: number };

export type Strays = {
  readonly blocks: readonly StrayBlock[];
  readonly packs: readonly Owned[];
  readonly manifests: readonly Owned[];
  /** Older than any that is told. */
  readonly deltas: readonly { readonly key: string; readonly bytes: number }[];
  /** Objects whose names the collector does not know, or whose user is none: they stay. */
  readonly foreign: readonly string[];
};

const walk = "strays";
const deletedAtOnceMax = 1000;

const unknownBlocksSql = `
  SELECT value AS hash FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.hash = value)`;
const shardsSql = "SELECT user_id AS user, shard FROM accounts WHERE user_id IN (SELECT value FROM json_each(?1))";
const unknownPacksSql = `
  SELECT value->>1 AS name, value->>0 AS user FROM json_each(?1)
  WHERE NOT EXISTS (SELECT 1 FROM packs p WHERE p.user_id = value->>0 AND p.pack_id = value->>1)`;
/** Nor the one that a commit at this very moment of the namespace would write again. */
const unknownManifestsSql = `
  SELECT j.value->>1 AS name, j.value->>0 AS user FROM json_each(?1) j JOIN namespaces n ON n.user_id = j.value->>0
  WHERE j.value->>1 NOT LIKE '%-' || n.seq || '-' || n.generation
  AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.user_id = j.value->>0 AND v.manifest_key = j.value->>2)`;
/** From here on whoever sends the block is told to come back, and the object goes as those of expired blocks do. */
const adoptSql = `
  INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until)
  SELECT value->>0, value->>1, value->>1, 'identity', 'deleting', ?2, 0 FROM json_each(?1) WHERE true
  ON CONFLICT DO NOTHING RETURNING hash, stored_size AS bytes`;

export function straysPart(ports: StraysPorts, { now, bounds }: { now: number; bounds: StraysBounds }): Part {
  return {
    name: walk,
    async plan() {
      const cursor = ports.cursors.get(walk);
      const listed = await listOld(ports.bucket, { after: cursor.position, before: now - leaseMs, bounds });
      const strays = await findStrays(ports, listed.old, now);
      return {
        seen: listed.seen,
        details: {
          blocks: strays.blocks.length,
          packs: strays.packs.length,
          manifests: strays.manifests.length,
          deltas: strays.deltas.length,
          foreign: strays.foreign.length,
        },
        async run() {
          const outcome = await removeStrays(ports, strays, now);
          await ports.cursors.set(walk, nextCursor(cursor, listed));
          return { ...outcome, details: { deleted: outcome.deleted, foreign: strays.foreign.slice(0, 10) } };
        },
      };
    },
  };
}

async function listOld(bucket: BucketCollector, { after, before, bounds }: { after: string; before: number; bounds: StraysBounds }) {
  const old: ListedObject[] = [];
  let seen = 0;
  let upTo = after;
  for (let page = 0; page < bounds.pages; page++) {
    const { objects, truncated } = await bucket.list(upTo === "" ? {} : { startAfter: upTo });
    seen += objects.length;
    upTo = objects.at(-1)?.key ?? upTo;
    old.push(...objects.filter(({ uploaded }) => uploaded.getTime() <= before));
    if (!truncated) return { old, seen, upTo, isLast: true };
  }
  return { old, seen, upTo, isLast: false };
}

/** Which of the objects no row knows. */
async function findStrays(ports: StraysPorts, objects: readonly ListedObject[], now: number): Promise<Strays> {
  const blocks: StrayBlock[] = [];
  const owned: { kind: "p" | "m"; user: UserId; key: string; name: string; bytes: number }[] = [];
  const deltas: { key: string; bytes: number }[] = [];
  const foreign: string[] = [];
  for (const { key, size, uploaded } of objects) {
    const parts = key.split("/");
    const [kind, first, name] = parts;
    // Of a commit that was refused no row tells its deltas, and not every bucket has a rule that removes them.
    if (kind === "d" && parts.length === 4) {
      if (uploaded.getTime() <= now - deltaMs - dayMs) deltas.push({ key, bytes: size });
      continue;
    }
    const hash = blockHashSchema.safeParse(first);
    const user = userIdSchema.safeParse(first);
    if (kind === "b" && parts.length === 2 && hash.success) blocks.push({ hash: hash.data, bytes: size });
    else if (name !== undefined && parts.length === 3 && user.success && isName(kind, name)) {
      owned.push({ kind: kind === "p" ? "p" : "m", user: user.data, key, name, bytes: size });
    } else foreign.push(key);
  }
  const shards = await shardsOf(ports.directory, new Set(owned.map(({ user }) => user)));
  const placed = owned.flatMap((object) => {
    const shard = shards.get(object.user);
    return shard === undefined ? [] : [{ ...object, shard }];
  });
  foreign.push(...owned.filter(({ user }) => !shards.has(user)).map(({ key }) => key));
  return {
    blocks: await unknownBlocks(ports, blocks),
    packs: await unknownOwned(
      ports,
      placed.filter(({ kind }) => kind === "p"),
      unknownPacksSql,
    ),
    manifests: await unknownOwned(
      ports,
      placed.filter(({ kind }) => kind === "m"),
      unknownManifestsSql,
    ),
    deltas,
    foreign,
  };
}

function isName(kind: string | undefined, name: string): boolean {
  if (kind === "p") return packIdSchema.safeParse(name).success;
  return kind === "m" && /^[0-9a-f]{64}-\d+-\d+$/.test(name);
}

async function shardsOf(directory: Database, users: ReadonlySet<UserId>): Promise<Map<UserId, number>> {
  if (users.size === 0) return new Map();
  const { results } = await directory
    .prepare(shardsSql)
    .bind(JSON.stringify([...users]))
    .all<{ user: UserId; shard: number }>();
  return new Map(results.map(({ user, shard }) => [user, shard]));
}

async function unknownBlocks({ indexShards }: StraysPorts, blocks: readonly StrayBlock[]): Promise<StrayBlock[]> {
  const unknown = new Set<BlockHash>();
  for (const { shard, items } of groupByShard(blocks, ({ hash }) => hash, indexShards.length)) {
    const json = JSON.stringify(items.map(({ hash }) => hash));
    const { results } = await shardAt(indexShards, shard).prepare(unknownBlocksSql).bind(json).all<{ hash: BlockHash }>();
    for (const { hash } of results) unknown.add(hash);
  }
  return blocks.filter(({ hash }) => unknown.has(hash));
}

async function unknownOwned({ metaShards }: StraysPorts, objects: readonly Owned[], sql: string): Promise<Owned[]> {
  const strays: Owned[] = [];
  for (const [shard, group] of Map.groupBy(objects, (object) => object.shard)) {
    const db = metaShards[shard];
    if (db === undefined) throw new RangeError(`there is no meta shard ${shard}`);
    const json = JSON.stringify(group.map(({ user, name, key }) => [user, name, key]));
    const { results } = await db.prepare(sql).bind(json).all<{ user: UserId; name: string }>();
    const unknown = new Set(results.map(({ user, name }) => `${user}/${name}`));
    strays.push(...group.filter(({ user, name }) => unknown.has(`${user}/${name}`)));
  }
  return strays;
}

async function removeStrays(ports: StraysPorts, strays: Strays, now: number) {
  const { indexShards, bucket, requireTime } = ports;
  const sums = { deleted: 0, bytesFreed: 0, errors: 0 };
  for (const { shard, items } of groupByShard(strays.blocks, ({ hash }) => hash, indexShards.length)) {
    const db = shardAt(indexShards, shard);
    const json = JSON.stringify(items.map(({ hash, bytes }) => [hash, bytes]));
    const { results } = await db.prepare(adoptSql).bind(json, now).all<StrayBlock>();
    const removed = await removeMarked({ ...ports, db }, results);
    sums.deleted += removed.deleted;
    sums.bytesFreed += removed.bytesFreed;
    sums.errors += removed.errors;
  }
  // Their names are never given again; but a delta's, and one that is stored anew just now may be lost.
  const owned = [...strays.packs, ...strays.manifests, ...strays.deltas];
  for (let at = 0; at < owned.length; at += deletedAtOnceMax) {
    requireTime();
    const some = owned.slice(at, at + deletedAtOnceMax);
    await bucket.delete(some.map(({ key }) => key));
    sums.deleted += some.length;
    sums.bytesFreed += some.reduce((total, { bytes }) => total + bytes, 0);
  }
  return sums;
}
