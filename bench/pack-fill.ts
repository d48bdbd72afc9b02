/** How full an account's packs stay: the server's own commits and collector over a database in memory, day by day. */
import type { NodeId } from "@ashlar/shared/ids";
import { commitInlineBlocksMax } from "@ashlar/shared/limits";
import { splitIntoPacks, storePack } from "@ashlar/server/blocks/packs";
import { newBlock } from "../packages/server/test/support/blocks.ts";
import { createOp, deleteOp, newNode, newWorld, rootId, updateOp } from "../packages/server/test/support/namespace-world.ts";
import { randomBytes } from "../packages/server/test/support/ports.ts";
import { day, tendNow } from "../packages/server/test/support/tending.ts";
import { seeded } from "../test/e2e/support/random.ts";

const files = 5000;
const days = 60;
const commitsADay = 40;
const bounds = { changes: 100_000, versions: 10_000, nodes: 10_000, manifestChars: 4_000_000, packs: 10_000, rewrites: 20 };

type Day = Record<"day" | "packs" | "MB stored" | "MB in use" | "fill" | "R2 writes" | "rewritten", number | string>;

export async function monthOfEdits(): Promise<Day[]> {
  const random = seeded(7);
  const world = await newWorld();
  const live = new Map<NodeId, number>();
  const rows: Day[] = [];
  let rewritten = 0;
  const contentOf = () => newBlock(random.integer(200, 12_000));
  const send = async (ops: Parameters<typeof world.commit>[0], blocks: readonly ReturnType<typeof newBlock>[]) => {
    const packs = await Promise.all(splitIntoPacks(blocks).map((some) => storePack(world.bucket, world.user, some, randomBytes)));
    await world.commit(ops, packs);
  };
  for (let made = 0; made < files; made += 500) {
    const fresh = Array.from({ length: Math.min(500, commitInlineBlocksMax) }, () => ({ node: newNode(), block: contentOf() }));
    await send(
      fresh.map(({ node, block }) => createOp(node, rootId, node, [block])),
      fresh.map(({ block }) => block),
    );
    for (const { node } of fresh) live.set(node, 1);
  }
  for (let today = 0; today <= days; today++) {
    if (today % 10 === 0) {
      const sums = world.db.raw
        .prepare("SELECT count(*) AS packs, coalesce(sum(size), 0) AS size, coalesce(sum(live_bytes), 0) AS live FROM packs")
        .get();
      const [size, inUse] = [Number(sums?.["size"]), Number(sums?.["live"])];
      rows.push({
        day: today,
        packs: Number(sums?.["packs"]),
        "MB stored": (size / 1e6).toFixed(1),
        "MB in use": (inUse / 1e6).toFixed(1),
        fill: (inUse / size).toFixed(2),
        "R2 writes": world.bucket.puts.length,
        rewritten,
      });
    }
    for (let commit = 0; commit < commitsADay; commit++) {
      world.time += day / commitsADay;
      const nodes = new Set(Array.from({ length: random.integer(1, 5) }, () => random.pick([...live.keys()])));
      const blocks: ReturnType<typeof newBlock>[] = [];
      const ops = [...nodes].map((node) => {
        const rev = live.get(node) ?? 1;
        if (random.integer(1, 20) === 1) {
          live.delete(node);
          return deleteOp(node, rev);
        }
        live.set(node, rev + 1);
        const block = contentOf();
        blocks.push(block);
        return updateOp(node, rev, [block]);
      });
      await send(ops, blocks);
    }
    for (let more = true; more;) {
      const report = await tendNow(world, bounds);
      rewritten += report.packsRewritten;
      more = report.isCut;
    }
  }
  return rows;
}
