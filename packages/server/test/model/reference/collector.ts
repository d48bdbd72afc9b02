/**
 * One run of the collector over the index shard, then what no row knows. The latter is the documented scrub (DESIGN section 7), as
 * plainly as it can be said.
 */
import { leaseMs } from "@ashlar/shared/limits";
import { collectBlocks, planBlocks } from "../../../src/collect/expired-blocks.ts";
import type { Ports } from "../world.ts";

const adoptSql = `
  INSERT INTO blocks (hash, size, stored_size, encoding, state, created_at, protected_until)
  SELECT value, 0, 0, 'identity', 'deleting', 0, 0 FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;
const bounds = { rows: 100, leases: 100, blocks: 100 };
/** As a run of the collector lets go in time. */
const collectMsMax = 10 * 60_000;

export async function collect(ports: Ports): Promise<void> {
  const { shards, bucket, clock } = ports;
  const startedAt = clock.now();
  const requireTime = () => {
    if (clock.now() - startedAt > collectMsMax) throw new Error("the run's time is over");
  };
  let errors = 0;
  for (const db of shards) {
    const plan = await planBlocks(db, { after: "", now: startedAt, bounds });
    const outcome = await collectBlocks({ db, bucket, requireTime, report: () => {} }, plan, bounds);
    errors += outcome.errors;
  }
  if (errors > 0) throw new Error("something could not be deleted");
  await removeStrangers(ports);
}

/**
 * Objects that no row has known for 72 hours. A block's is given a row on its way out first, so that nobody stores it anew
 * while its deletion is on the way; the next run takes it. A pack's identifier comes never again.
 */
async function removeStrangers({ db, bucket, clock }: Ports): Promise<void> {
  const { objects } = await bucket.list({});
  const old = objects.filter(({ uploaded }) => clock.now() - uploaded.getTime() > leaseMs).map(({ key }) => key);
  if (old.length === 0) return;
  const [packs] = await db.batch<{ key: string }>([
    db.prepare("SELECT 'p/' || user_id || '/' || pack_id AS key FROM packs"),
    db.prepare(adoptSql).bind(JSON.stringify(old.filter((key) => key.startsWith("b/")).map((key) => key.slice(2)))),
  ]);
  const known = new Set((packs?.results ?? []).map(({ key }) => key));
  const strangers = old.filter((key) => key.startsWith("p/") && !known.has(key));
  if (strangers.length > 0) await bucket.delete(strangers);
}
