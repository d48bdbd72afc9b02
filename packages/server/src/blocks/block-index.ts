/**
 * The index of blocks above the pack limit, over its shards. `holders` rows say who has proven possession (I2); triggers derive
 * `ref_count` and `delete_after` from them (I8), and nothing here writes those.
 */
import type { BlockHash } from "@ashlar/shared/ids";
import { leaseMs, prolongedMs } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Clock, Database, SqlValue, Statement } from "../ports.ts";
import { groupByShard } from "./shards.ts";
import type { BlockIndex, BlockLookUp, Standing } from "./types.ts";

/** The rest where the statement asks for it. */
type Row = {
  readonly hash: BlockHash;
  readonly size?: number;
  readonly sent?: number;
  readonly holders?: number;
  readonly is_mine?: 0 | 1;
};

/** Asked for in `?1`, a JSON array of hashes. */
const named = "hash IN (SELECT value FROM json_each(?1))";
const isStored = "EXISTS (SELECT 1 FROM blocks b WHERE b.hash = holders.hash AND b.state = 'stored')";

/** Rows of `?2`'s holders that let him name the block at `?3`. */
const selectUsable = `SELECT hash FROM holders WHERE ${named} AND user_id = ?2 AND (expires_at IS NULL OR expires_at > ?3) AND ${isStored}`;
const selectUsableSizes = `SELECT hash, size FROM holders JOIN blocks USING (hash)
  WHERE ${named} AND user_id = ?2 AND (expires_at IS NULL OR expires_at > ?3) AND state = 'stored'`;
const selectHeld = `SELECT hash, size, sent_bytes AS sent FROM holders JOIN blocks USING (hash)
  WHERE ${named} AND user_id = ?2 AND expires_at IS NULL AND fence = ?3 AND state = 'stored'`;
/** A row for each that is named, there or not, so that the answer to a name that nobody has is found the same way. */
const selectStanding = `SELECT value AS hash, coalesce(ref_count, 0) AS holders, EXISTS (SELECT 1 FROM holders h
    WHERE h.hash = value AND h.user_id = ?2 AND (expires_at IS NULL OR expires_at > ?3) AND state IS NOT NULL) AS is_mine
  FROM json_each(?1) LEFT JOIN blocks b ON b.hash = value AND b.state = 'stored'`;
/** Also what is held already: a release of the generation before may still be on its way. */
const turnIntoHolds = `UPDATE holders SET expires_at = NULL, fence = ?4
  WHERE ${named} AND user_id = ?2 AND (expires_at IS NULL OR expires_at > ?3) AND fence <= ?4 AND ${isStored}`;
/** Also what is only leased: a hold of the generation before may still be on its way. */
const turnIntoLeases = `UPDATE holders SET expires_at = coalesce(expires_at, ?3), fence = ?4
  WHERE ${named} AND user_id = ?2 AND fence < ?4`;
/** A block on its way out stays on its way out: whoever wants it waits, and sends it again. */
const protectBlocks = `UPDATE blocks SET protected_until = ?2 + ${prolongedMs} WHERE ${named} AND protected_until < ?2 AND state <> 'deleting'`;
const extendLeases = `UPDATE holders SET expires_at = ?4 + ${prolongedMs} WHERE ${named} AND user_id = ?2 AND expires_at > ?3 AND expires_at < ?4 AND ${isStored}`;

export function createBlockIndex({ shards, clock }: { shards: readonly Database[]; clock: Clock }): BlockIndex & BlockLookUp {
  /** Runs the statements in one transaction for each group of hashes, and collects the rows that the last one answers. */
  async function onShards(
    hashes: readonly BlockHash[],
    statements: readonly { sql: string; values: readonly SqlValue[] }[],
  ): Promise<Row[]> {
    const groups = groupByShard(hashes, (hash) => hash, shards.length);
    const answers = await Promise.all(
      groups.map(async ({ shard, items }) => {
        const db = shardAt(shards, shard);
        const batch = statements.map(({ sql, values }): Statement => db.prepare(sql).bind(JSON.stringify(items), ...values));
        return (await db.batch<Row>(batch)).at(-1)?.results ?? [];
      }),
    );
    return answers.flat();
  }

  return {
    async have(user, hashes) {
      const usable = await onShards(hashes, [{ sql: selectUsable, values: [user, clock.now()] }]);
      return new Set(usable.map((row) => row.hash));
    },

    async usable(user, hashes) {
      const rows = await onShards(hashes, [{ sql: selectUsableSizes, values: [user, clock.now()] }]);
      return rows.map(({ hash, size = 0 }) => ({ hash, size }));
    },

    async lookUp(user, hashes) {
      const now = clock.now();
      const rows = await onShards(hashes, [
        { sql: extendLeases, values: [user, now, now + leaseMs] },
        { sql: selectStanding, values: [user, now] },
      ]);
      return new Map(rows.map(({ hash, holders = 0, is_mine }): [BlockHash, Standing] => [hash, { isMine: is_mine === 1, holders }]));
    },

    async protect(user, blocks) {
      const now = clock.now();
      const hashes = blocks.map((block) => block.hash);
      await onShards(hashes, [
        { sql: protectBlocks, values: [now + leaseMs] },
        { sql: extendLeases, values: [user, now, now + leaseMs] },
      ]);
    },

    async hold(user, blocks, generation) {
      const hashes = blocks.map((block) => block.hash);
      const held = await onShards(hashes, [
        { sql: turnIntoHolds, values: [user, clock.now(), generation] },
        { sql: selectHeld, values: [user, generation] },
      ]);
      const sizes = new Map(held.map((row) => [row.hash, row.size]));
      const wrong = blocks.find(({ hash, size }) => sizes.has(hash) && sizes.get(hash) !== size);
      if (wrong !== undefined) {
        throw new ProblemError("bad-manifest", `The block ${wrong.hash} has ${sizes.get(wrong.hash)} bytes, not ${wrong.size}.`);
      }
      return {
        refused: new Set(hashes.filter((hash) => !sizes.has(hash))),
        sentBytes: held.reduce((total, { sent = 0 }) => total + sent, 0),
      };
    },

    async release(user, hashes, generation) {
      await onShards(hashes, [{ sql: turnIntoLeases, values: [user, clock.now() + leaseMs, generation] }]);
    },
  };
}

export function shardAt(shards: readonly Database[], index: number): Database {
  const db = shards[index];
  if (db === undefined) throw new RangeError(`there is no block index shard ${index}`);
  return db;
}
