/** Expired leases and blocks, shard by shard. */
import type { BucketCollector, Database } from "../../ports.ts";
import { type Cursors, nextCursor } from "../cursors.ts";
import { type BlockBounds, collectBlocks, planBlocks } from "../expired-blocks.ts";
import type { Part, Report, RequireTime } from "../part.ts";

export type BlocksPartPorts = {
  readonly db: Database;
  readonly bucket: BucketCollector;
  readonly cursors: Cursors;
  readonly requireTime: RequireTime;
  readonly report: Report;
};

export function blocksPart(ports: BlocksPartPorts, { shard, now, bounds }: { shard: number; now: number; bounds: BlockBounds }): Part {
  const walk = `blocks/${shard}`;
  return {
    name: walk,
    async plan() {
      const cursor = ports.cursors.get(walk);
      const plan = await planBlocks(ports.db, { after: cursor.position, now, bounds });
      const { seen, expired, unfinished, expiredLeases } = plan;
      return {
        seen,
        details: { leases: expiredLeases, blocks: expired.length, unfinished: unfinished.length },
        async run() {
          const { leases, ...outcome } = await collectBlocks(ports, plan, bounds);
          await ports.cursors.set(walk, nextCursor(cursor, plan));
          return { ...outcome, details: { leases, blocks: outcome.deleted } };
        },
      };
    },
  };
}
