/**
 * Whether packs are there, whole, and their live blocks hash to their names, of a sample. What is not is told, and the user's object
 * looks at it, marks it, and asks the user's devices: again at each round, until one has sent the bytes.
 */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import { packKey } from "../../blocks/packs.ts";
import type { BucketReader, Database, Sha256 } from "../../ports.ts";
import { type Cursors, nextCursor } from "../cursors.ts";
import type { Part, Report, RequireTime } from "../part.ts";
import type { TendCall, TendReport } from "../tend/types.ts";

export type PackScrubBounds = {
  /** Packs whose object is looked for, in the order of users. */
  readonly looks: number;
  /** The first of them, which are read and whose blocks are hashed. */
  readonly reads: number;
};

export type PackScrubPorts = {
  readonly db: Database;
  readonly bucket: BucketReader;
  readonly sha256: Sha256;
  readonly cursors: Cursors;
  readonly requireTime: RequireTime;
  readonly tend: (call: TendCall) => Promise<TendReport>;
  readonly report: Report;
};

type Row = { readonly user: UserId; readonly pack: PackId; readonly size: number };
type Placed = { readonly hash: BlockHash; readonly size: number; readonly offset: number };

const packsSql = `
  SELECT user_id AS user, pack_id AS pack, size FROM packs WHERE (user_id, pack_id) > (?1, ?2) ORDER BY user_id, pack_id LIMIT ?3`;
const blocksSql = `SELECT hash, size, pack_offset AS "offset" FROM user_blocks WHERE user_id = ?1 AND pack_id = ?2 AND refs > 0`;

const looksAtOnce = 6;

export function scrubPacksPart(
  ports: PackScrubPorts,
  { shard, now, bounds }: { shard: number; now: number; bounds: PackScrubBounds },
): Part {
  const { db, cursors } = ports;
  const walk = `scrub-packs/${shard}`;
  return {
    name: walk,
    async plan() {
      const cursor = cursors.get(walk);
      const [user = "", pack = ""] = cursor.position.split("/");
      const { results: rows } = await db.prepare(packsSql).bind(user, pack, bounds.looks).all<Row>();
      return {
        seen: rows.length,
        details: { looks: rows.length, reads: Math.min(rows.length, bounds.reads) },
        async run() {
          const bad = await missing(ports, rows);
          for (const row of rows.slice(0, bounds.reads)) {
            ports.requireTime();
            if (!bad.includes(row) && !(await isWhole(ports, row))) bad.push(row);
          }
          await mend(ports, { shard, now }, bad);
          const last = rows.at(-1);
          const upTo = last === undefined ? cursor.position : `${last.user}/${last.pack}`;
          await cursors.set(walk, nextCursor(cursor, { upTo, isLast: rows.length < bounds.looks }));
          const damaged = bad.map((row) => packKey(row.user, row.pack));
          return { deleted: 0, bytesFreed: 0, errors: bad.length, details: { damaged } };
        },
      };
    },
  };
}

/** What cannot be mended now is found again in the next round. */
async function mend({ tend, report, requireTime }: PackScrubPorts, at: { shard: number; now: number }, bad: readonly Row[]): Promise<void> {
  for (const [user, rows] of Map.groupBy(bad, (row) => row.user)) {
    requireTime();
    try {
      await tend({ ...at, user, dryRun: false, suspects: rows.map(({ pack }) => pack) });
    } catch (error) {
      report("damaged packs could not be marked", error);
    }
  }
}

/** Those that have no object of their size. A pack that the user's object deleted meanwhile is not missed. */
async function missing({ db, bucket, requireTime }: PackScrubPorts, rows: readonly Row[]): Promise<Row[]> {
  const gone: Row[] = [];
  for (let at = 0; at < rows.length; at += looksAtOnce) {
    requireTime();
    const some = rows.slice(at, at + looksAtOnce);
    const objects = await Promise.all(some.map(({ user, pack }) => bucket.head(packKey(user, pack))));
    gone.push(...some.filter(({ size }, index) => objects[index]?.size !== size));
  }
  const still = await Promise.all(
    gone.map(({ user, pack }) => db.prepare("SELECT 1 FROM packs WHERE user_id = ?1 AND pack_id = ?2").bind(user, pack).first()),
  );
  return gone.filter((_, index) => still[index] !== null);
}

async function isWhole({ db, bucket, sha256 }: PackScrubPorts, { user, pack }: Row): Promise<boolean> {
  const { results: placed } = await db.prepare(blocksSql).bind(user, pack).all<Placed>();
  const object = await bucket.get(packKey(user, pack));
  // Deleted since it was looked for.
  if (object === null) return true;
  const bytes = new Uint8Array(await object.arrayBuffer());
  return placed.every(({ hash, size, offset }) => toHex(sha256(bytes.subarray(offset, offset + size))) === hash);
}
