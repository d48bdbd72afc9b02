/** Kept deltas whose time is over. Where the bucket's lifecycle has removed the objects already, only their rows go. */
import { countOldDeltas, pruneDeltas } from "../../blocks/kept-deltas.ts";
import type { BucketCollector, Database } from "../../ports.ts";
import type { Part, RequireTime } from "../part.ts";

export type DeltasPorts = { readonly db: Database; readonly bucket: BucketCollector; readonly requireTime: RequireTime };

/** At most `rowsMax` a run, which is as many as the bucket deletes in one call. */
export function deltasPart(
  { db, bucket, requireTime }: DeltasPorts,
  { shard, now, rowsMax }: { shard: number; now: number; rowsMax: number },
): Part {
  return {
    name: `deltas/${shard}`,
    async plan() {
      const old = await countOldDeltas(db, { now, rowsMax });
      return {
        seen: old,
        details: { old },
        async run() {
          requireTime();
          // Rows first: a delta that is answered must be there, and one without a row is a stray that nobody asks for.
          const keys = await pruneDeltas(db, { now, rowsMax });
          if (keys.length > 0) await bucket.delete(keys);
          return { deleted: keys.length, bytesFreed: 0, errors: 0, details: { deleted: keys.length } };
        },
      };
    },
  };
}
