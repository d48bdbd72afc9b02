/** What holds of the world after every step, and of a world that has come to rest (DESIGN section 8). */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import { packKey } from "../../src/blocks/packs.ts";
import { blockKey } from "../../src/blocks/store-block.ts";
import { hashOf, type StoredBytes } from "./bucket.ts";
import { Violation } from "./scheduler.ts";
import type { World } from "./world.ts";

const countsSql = `
  SELECT b.hash FROM blocks b LEFT JOIN (SELECT hash, count(*) AS n FROM holders WHERE expires_at IS NULL GROUP BY hash) h USING (hash)
  WHERE b.ref_count <> coalesce(h.n, 0) OR (b.delete_after IS NULL) <> (b.ref_count > 0)`;
const storedSql = "SELECT hash, size FROM blocks WHERE state = 'stored'";
const holdersSql = "SELECT hash, user_id AS user, expires_at AS expiresAt FROM holders";
const usedSql = `
  SELECT u.user_id AS user, u.hash, u.size, u.refs, u.pack_id AS pack, u.pack_offset AS packOffset, p.live_bytes AS liveBytes,
    b.state, h.hash IS NOT NULL AND h.expires_at IS NULL AS held
  FROM user_blocks u LEFT JOIN packs p USING (user_id, pack_id) LEFT JOIN blocks b USING (hash)
  LEFT JOIN holders h ON h.hash = u.hash AND h.user_id = u.user_id WHERE u.refs > 0`;
const versionsSql = `
  SELECT v.user_id AS user, v.node_id AS node, v.version, v.manifest, v.superseded_at AS supersededAt, n.deleted_at AS deletedAt
  FROM versions v LEFT JOIN nodes n USING (user_id, node_id)`;
const packsSql = "SELECT user_id AS user, pack_id AS pack, live_bytes AS liveBytes FROM packs";
const historyMs = 30 * 24 * 3600_000;

type Used = {
  readonly user: UserId;
  readonly hash: BlockHash;
  readonly size: number;
  readonly refs: number;
  readonly pack: string | null;
  readonly packOffset: number;
  readonly liveBytes: number | null;
  readonly state: string | null;
  readonly held: number;
};
type Version = { user: UserId; node: string; version: number; manifest: string; supersededAt: number | null; deletedAt: number | null };

export class Inspector {
  readonly #world: World;
  #rows = -1;
  #objects = -1;
  /** Versions seen last time: one that is gone must have been old. */
  #ends = new Map<string, number | null>();

  constructor(world: World) {
    this.#world = world;
  }

  inspect(): void {
    const { store, bucket } = this.#world;
    if (store.changes === this.#rows && bucket.changes === this.#objects) return;
    this.#counts();
    this.#stored();
    this.#holders();
    const used = store.rows<Used>(usedSql);
    for (const row of used) this.#used(row);
    this.#references(used);
    // Reading counts no rows.
    this.#rows = store.changes;
    this.#objects = bucket.changes;
  }

  #counts(): void {
    const [wrong] = this.#world.store.rows<{ hash: string }>(countsSql);
    if (wrong !== undefined) throw new Violation("I8", `the count of ${short(wrong.hash)} is not that of its held rows`);
  }

  #stored(): void {
    for (const { hash, size } of this.#world.store.rows<{ hash: string; size: number }>(storedSql)) {
      if (!isBlock(this.#world.bucket.objects.get(blockKey(hash)), hash, size)) {
        throw new Violation("I1", `${short(hash)} is said to be stored, and its object is not there or is another`);
      }
    }
  }

  #holders(): void {
    for (const { hash, user } of this.#world.store.rows<{ hash: BlockHash; user: UserId }>(holdersSql)) {
      if (!this.#world.proofs.has(`${user}/${hash}`)) throw new Violation("I2", `${short(user)} holds ${short(hash)} without proof`);
    }
  }

  #used({ user, hash, size, pack, packOffset, liveBytes, state, held }: Used): void {
    const { proofs, bucket } = this.#world;
    if (!proofs.has(`${user}/${hash}`)) throw new Violation("I2", `${short(user)} has committed ${short(hash)} without proof`);
    if (pack === null) {
      if (state !== "stored" || held !== 1)
        throw new Violation("I1", `${short(user)} refers to ${short(hash)}, which is not held and stored`);
      return;
    }
    if (liveBytes === null) throw new Violation("I1", `${short(user)} refers to ${short(hash)} in a pack without a row`);
    if (!isPart(bucket.objects.get(packKey(user, pack)), hash, packOffset, size)) {
      throw new Violation("I1", `${short(user)} refers to ${short(hash)} in a pack that is not there or has other bytes`);
    }
  }

  #references(used: readonly Used[]): void {
    const { store, scheduler, acked } = this.#world;
    const refs = new Map<string, number>();
    const ends = new Map<string, number | null>();
    for (const { user, node, version, manifest, supersededAt, deletedAt } of store.rows<Version>(versionsSql)) {
      ends.set(`${user}/${node}/${version}`, supersededAt ?? deletedAt);
      for (const hash of blocksOf(manifest)) refs.set(`${user}/${hash}`, (refs.get(`${user}/${hash}`) ?? 0) + 1);
    }
    for (const { user, node, version } of acked) {
      const key = `${user}/${node}/${version}`;
      if (ends.has(key)) continue;
      const end = this.#ends.get(key) ?? null;
      if (end === null || end > scheduler.now - historyMs)
        throw new Violation("I4", `version ${version} of ${node} was acknowledged and is gone`);
    }
    this.#ends = new Map([...this.#ends, ...ends]);
    const live = new Map<string, number>();
    for (const { user, hash, refs: said, size, pack } of used) {
      if (refs.get(`${user}/${hash}`) !== said)
        throw new Violation("I8", `${short(user)} has ${said} references to ${short(hash)}, not as many`);
      refs.delete(`${user}/${hash}`);
      if (pack !== null) live.set(`${user}/${pack}`, (live.get(`${user}/${pack}`) ?? 0) + size);
    }
    const [lost] = refs.keys();
    if (lost !== undefined) throw new Violation("I8", `a version refers to ${lost}, and no row says so`);
    for (const { user, pack, liveBytes } of store.rows<{ user: string; pack: string; liveBytes: number }>(packsSql)) {
      const actual = live.get(`${user}/${pack}`) ?? 0;
      if (liveBytes !== actual) throw new Violation("I8", `pack ${pack} has ${actual} live bytes, and its row says ${liveBytes}`);
    }
  }
}

/** With nothing under way and nothing to recover: what is held is what versions refer to. */
export function expectNoIdleHolds({ store }: World): void {
  const [idle] = store.rows<{ hash: string; user: string }>(`
    SELECT h.hash, h.user_id AS user FROM holders h LEFT JOIN user_blocks u ON u.user_id = h.user_id AND u.hash = h.hash
    WHERE h.expires_at IS NULL AND coalesce(u.refs, 0) = 0`);
  if (idle !== undefined) throw new Violation("leak", `${short(idle.user)} holds ${short(idle.hash)} for ever and refers to it nowhere`);
}

/** After enough time and runs of the collector: nothing is left that no version refers to. */
export function expectNothingLeft({ store, bucket }: World): void {
  const used = store.rows<Used>(usedSql);
  const keys = new Set(used.map(({ user, hash, pack }) => (pack === null ? blockKey(hash) : packKey(user, pack))));
  const object = [...bucket.objects.keys()].find((key) => !keys.has(key));
  if (object !== undefined) throw new Violation("leak", `nobody needs the object ${object}, and it stays`);
  const leftovers = {
    blocks: "SELECT hash AS id FROM blocks WHERE ref_count = 0",
    holders: "SELECT hash AS id FROM holders WHERE expires_at IS NOT NULL",
    packs: "SELECT pack_id AS id FROM packs WHERE live_bytes = 0",
    user_blocks: `SELECT u.hash AS id FROM user_blocks u LEFT JOIN packs p USING (user_id, pack_id)
      WHERE u.refs = 0 AND (u.pack_id IS NULL OR p.pack_id IS NULL)`,
  };
  for (const [table, sql] of Object.entries(leftovers)) {
    const [row] = store.rows<{ id: string }>(sql);
    if (row !== undefined) throw new Violation("leak", `nobody needs the row ${short(row.id)} of ${table}, and it stays`);
  }
}

const short = (text: string): string => text.slice(0, 10);

function isBlock(found: StoredBytes | undefined, hash: string, size: number): boolean {
  return found !== undefined && found.sha256 === hash && found.bytes.length === size;
}

const parts = new WeakMap<Uint8Array, Map<string, string>>();

function isPart(found: StoredBytes | undefined, hash: string, offset: number, size: number): boolean {
  if (found === undefined) return false;
  let known = parts.get(found.bytes);
  if (known === undefined) parts.set(found.bytes, (known = new Map()));
  const key = `${offset}+${size}`;
  let actual = known.get(key);
  if (actual === undefined) known.set(key, (actual = hashOf(found.bytes.subarray(offset, offset + size))));
  return actual === hash;
}

const manifests = new Map<string, ReadonlySet<BlockHash>>();

function blocksOf(manifest: string): ReadonlySet<BlockHash> {
  let blocks = manifests.get(manifest);
  if (blocks === undefined) manifests.set(manifest, (blocks = new Set(decodeManifest(manifest).map(({ hash }) => hash))));
  return blocks;
}
