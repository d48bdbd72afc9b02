/** One run of the collector: over the index shard, then over what no row knows. Users are tended by another actor. */
import { collectMsMax } from "@ashlar/shared/limits";
import type { Cursors } from "../../src/collect/cursors.ts";
import { collectBlocks, planBlocks } from "../../src/collect/expired-blocks.ts";
import { straysPart } from "../../src/collect/parts/strays.ts";
import type { Ports } from "./world.ts";

const report = () => {};
const bounds = { rows: 100, steps: 1, roundRuns: 1, leases: 100, blocks: 100 };
/** A world is small enough for one run. */
const cursors: Cursors = { get: () => ({ position: "", roundStartedAt: 0 }), set: () => Promise.resolve() };

/** Throws if something failed and is left to the next run. */
export async function collect({ db, shards, bucket, clock }: Ports): Promise<void> {
  const now = clock.now();
  const requireTime = () => {
    if (clock.now() - now > collectMsMax) throw new Error("the run's time is over");
  };
  let errors = 0;
  for (const shard of shards) {
    const plan = await planBlocks(shard, { after: "", now, bounds });
    errors += (await collectBlocks({ db: shard, bucket, requireTime, report }, plan, bounds)).errors;
  }
  const ports = { directory: db, metaShards: [db], indexShards: shards, bucket, cursors, requireTime, report };
  const strays = await straysPart(ports, { now, bounds: { pages: 1 } }).plan();
  errors += (await strays.run()).errors;
  if (errors > 0) throw new Error("something could not be deleted");
}
