/**
 * Whether rows and bucket agree, and bytes hash to their names, of a sample. A block whose object is missing or rotten is marked
 * `damaged`: its holders and counts stay, `check` asks everybody for its bytes, and whoever sends them heals it.
 */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import { readPlainBlock } from "../../blocks/read-block.ts";
import { blockKey } from "../../blocks/store-block.ts";
import type { BucketReader, Database, RandomBytes, Sha256, Unzstd } from "../../ports.ts";
import { type Cursors, nextCursor } from "../cursors.ts";
import type { Part, RequireTime } from "../part.ts";

export type ScrubBounds = {
  /** Blocks whose object is looked for, in the order of their hashes. */
  readonly looks: number;
  /** Blocks that are read and hashed, from a random place on; and as many of the damaged ones, which may be whole again. */
  readonly reads: number;
};

export type ScrubPorts = {
  readonly db: Database;
  readonly bucket: BucketReader;
  readonly sha256: Sha256;
  readonly unzstd: Unzstd;
  readonly random: RandomBytes;
  readonly cursors: Cursors;
  readonly requireTime: RequireTime;
};

/** `createdAt` tells a row from a later one of the same hash. */
type Row = { readonly hash: BlockHash; readonly storedBytes: number; readonly createdAt: number };

const columns = "hash, stored_size AS storedBytes, created_at AS createdAt";
const storedSql = `SELECT ${columns} FROM blocks WHERE hash > ?1 AND state = 'stored' ORDER BY hash LIMIT ?2`;
/** Its first term is the index's own. */
const damagedSql = `SELECT ${columns} FROM blocks WHERE state IN ('deleting', 'damaged') AND state = 'damaged' ORDER BY hash LIMIT ?1`;
const newestSql = `
  SELECT ${columns} FROM blocks WHERE state = 'stored' AND created_at > (SELECT max(created_at) FROM blocks) - ?1 ORDER BY created_at DESC LIMIT ?2`;
const setStateSql = `
  UPDATE blocks SET state = ?2 FROM json_each(?1) j WHERE hash = j.value->>0 AND created_at = j.value->>1 AND state = ?3 RETURNING hash`;

const looksAtOnce = 6;

export function scrubBlocksPart(ports: ScrubPorts, { shard, bounds }: { shard: number; bounds: ScrubBounds }): Part {
  const { db, cursors, random } = ports;
  const walk = `scrub-blocks/${shard}`;
  return {
    name: walk,
    async plan() {
      const cursor = cursors.get(walk);
      const [looked, after, fromStart, damaged] = await db.batch<Row>([
        db.prepare(storedSql).bind(cursor.position, bounds.looks),
        db.prepare(storedSql).bind(toHex(random(32)), bounds.reads),
        db.prepare(storedSql).bind("", bounds.reads),
        db.prepare(damagedSql).bind(bounds.reads),
      ]);
      const sampled = distinct([...(after?.results ?? []), ...(fromStart?.results ?? [])]).slice(0, bounds.reads);
      const rows = { looked: looked?.results ?? [], sampled, damaged: damaged?.results ?? [] };
      return {
        seen: rows.looked.length + rows.sampled.length + rows.damaged.length,
        details: { looks: rows.looked.length, reads: rows.sampled.length, damaged: rows.damaged.length },
        async run() {
          const suspects = await withOtherSize(ports, rows.looked);
          const found = await readAll(ports, [...suspects, ...rows.sampled]);
          const again = await readAll(ports, rows.damaged);
          const marked = await setState(db, found.bad, "stored", "damaged");
          await setState(db, again.whole, "damaged", "stored");
          const seen = { upTo: rows.looked.at(-1)?.hash ?? cursor.position, isLast: rows.looked.length < bounds.looks };
          await cursors.set(walk, nextCursor(cursor, seen));
          const details = { damaged: marked, stillDamaged: again.bad.length, whole: again.whole.length };
          return { deleted: 0, bytesFreed: 0, errors: marked.length, details };
        },
      };
    },
  };
}

/** The blocks that were stored last, `withinMs` of each other: after a power cut they may have rows and no bytes. Reads every row. */
export function newestBlocksPart(
  ports: ScrubPorts,
  { shard, withinMs, bounds }: { shard: number; withinMs: number; bounds: ScrubBounds },
): Part {
  const { db } = ports;
  return {
    name: `newest-blocks/${shard}`,
    async plan() {
      const { results: rows } = await db.prepare(newestSql).bind(withinMs, bounds.reads).all<Row>();
      return {
        seen: rows.length,
        details: { reads: rows.length },
        async run() {
          const { bad } = await readAll(ports, rows);
          const damaged = await setState(db, bad, "stored", "damaged");
          return { deleted: 0, bytesFreed: 0, errors: damaged.length, details: { damaged } };
        },
      };
    },
  };
}

/** Those without an object, and those whose object has another size: it may be stored in another form than the row tells. */
async function withOtherSize({ bucket, requireTime }: ScrubPorts, rows: readonly Row[]): Promise<Row[]> {
  const suspects: Row[] = [];
  for (let at = 0; at < rows.length; at += looksAtOnce) {
    requireTime();
    const some = rows.slice(at, at + looksAtOnce);
    const objects = await Promise.all(some.map(({ hash }) => bucket.head(blockKey(hash))));
    suspects.push(...some.filter(({ storedBytes }, index) => objects[index]?.size !== storedBytes));
  }
  return suspects;
}

/** One block in memory at a time. */
async function readAll(ports: ScrubPorts, rows: readonly Row[]): Promise<{ whole: Row[]; bad: Row[] }> {
  const whole: Row[] = [];
  const bad: Row[] = [];
  for (const row of distinct(rows)) {
    ports.requireTime();
    const found = (await isWhole(ports, row.hash)) ? whole : bad;
    found.push(row);
  }
  return { whole, bad };
}

/** An object that ends before it should makes its stream fail, each time; a bucket that is away is no damage, and is thrown. */
async function isWhole(ports: ScrubPorts, hash: BlockHash): Promise<boolean> {
  try {
    return (await readPlainBlock(ports, hash)).state === "whole";
  } catch {
    try {
      return (await readPlainBlock(ports, hash)).state === "whole";
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }
}

const distinct = (rows: readonly Row[]): Row[] => [...new Map(rows.map((row) => [row.hash, row])).values()];

/** Answers those that changed: not what is on its way out, was healed, or is another block of that name by now. */
async function setState(db: Database, rows: readonly Row[], from: "stored" | "damaged", to: "stored" | "damaged"): Promise<BlockHash[]> {
  if (rows.length === 0) return [];
  const json = JSON.stringify(rows.map(({ hash, createdAt }) => [hash, createdAt]));
  const { results } = await db.prepare(setStateSql).bind(json, to, from).all<{ hash: BlockHash }>();
  return results.map(({ hash }) => hash);
}
