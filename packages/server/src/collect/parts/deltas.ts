/** Kept deltas whose time is over. Where the bucket's lifecycle has removed the objects already, only their rows go. */
import { countOldDeltas, pruneDeltas } from "../../blocks/kept-deltas.ts";
import type { BucketCollector, Database } from "../../ports.ts";
import type { Part, RequireTime } from "../part.ts";

export type DeltasPorts = { readonly db: Database; readonly bucket: BucketCollector; readonly requireTime: RequireTime };

export type DeltasBounds = {
  /** Dropped together: the bucket deletes 1,000 objects in one call. */
  readonly rows: number;
  /** So many times in one run: a shard's users make more than a few deltas in an hour. */
  readonly rounds: number;
};

export function deltasPart(
  { db, bucket, requireTime }: DeltasPorts,
  { shard, now, bounds }: { shard: number; now: number; bounds: DeltasBounds },
): Part {
  return {
    name: `deltas/${shard}`,
    async plan() {
      const old = await countOldDeltas(db, { now, rowsMax: bounds.rows * bounds.rounds });
      return {
        seen: old,
        details: { old },
        async run() {
          let deleted = 0;
          for (let rounds = 0; rounds < bounds.rounds; rounds++) {
            requireTime();
            // Rows first: a delta that is answered must be there, and one without a row is a stray that nobody asks for.
            const keys = await pruneDeltas(db, { now, rowsMax: bounds.rows });
            if (keys.length > 0) await bucket.delete(keys);
            deleted += keys.length;
            if (keys.length < bounds.rows) break;
          }
          return { deleted, bytesFreed: 0, errors: 0, details: { deleted } };
        },
      };
    },
  };
}
