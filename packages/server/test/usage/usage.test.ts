import { packBlockBytesMax, usageDays, usageMs, usageRowsMax } from "@ashlar/shared/limits";
import { dayOf } from "@ashlar/shared/protocol/usage";
import { expect, it } from "vitest";
import { readUsage } from "../../src/usage/read-usage.ts";
import { block, createOp, newNode, newUser, newWorld, packOf, rootId, updateOp } from "../support/namespace-world.ts";
import { day, tendNow } from "../support/tending.ts";

it("R1 R2 tells what is current, in history, stored once and sent", async () => {
  const world = await newWorld({ quotaBytes: 1_000_000 });
  const [one, other] = [block("one", packBlockBytesMax + 100), block("other", packBlockBytesMax + 300)];
  const [small, file] = [block("small", 50), newNode()];
  world.blocks.upload(one, other);
  world.blocks.sent.set(one.hash, 1000).set(other.hash, 20);
  await world.commit([createOp(file, rootId, "a", [one]), createOp(newNode(), rootId, "copy of a", [one])]);
  await world.commit([updateOp(file, 1, [other, small])], [packOf(small)]);
  expect(await readUsage(world.db, world.user, world.time)).toMatchObject({
    quotaBytes: 1_000_000,
    current: { bytes: one.size + other.size + small.size, files: 2, folders: 0 },
    history: { bytes: one.size },
    storedBytes: one.size + other.size + small.size,
    saved: { storedBytes: one.size, sentBytes: { byBlocks: one.size, byDeltas: one.size + other.size + small.size - 1020 } },
    total: {
      commits: 2,
      fileBytes: 2 * one.size + other.size + small.size,
      blockBytes: one.size + other.size + small.size,
      sentBytes: 1020,
    },
    days: [{ day: "1970-01-01", commits: 2 }],
  });
  await expect(readUsage(world.db, newUser(), world.time)).rejects.toMatchObject({ code: "not-found" });
});

it("R2 a small block that was sent before its commit counts with its size", async () => {
  const world = await newWorld();
  const small = block("small", 50);
  await world.commit([createOp(newNode(), rootId, "a")], [packOf(small)]);
  await world.commit([createOp(newNode(), rootId, "b", [small])]);
  expect((await readUsage(world.db, world.user, world.time)).total).toEqual({ commits: 2, fileBytes: 50, blockBytes: 50, sentBytes: 50 });
});

it("R4 a small edit writes nine rows, of which one is the day's", async () => {
  const world = await newWorld();
  const [file, before, after] = [newNode(), block("before"), block("after")];
  await world.commit([createOp(file, rootId, "a", [before])], [packOf(before)]);
  const changes = () => Number(world.db.raw.prepare("SELECT total_changes() AS n").get()?.["n"]);
  const rows = changes();
  await world.commit([updateOp(file, 1, [after])], [packOf(after)]);
  // Namespace, file, root, the version before, the new one, block, pack, change, and the day.
  expect(changes() - rows).toBe(9);
  expect(world.db.raw.prepare("SELECT commits FROM usage_days").all()).toEqual([{ commits: 2 }]);
});

it("R6 tells of 30 days, today among them, and the collector keeps 90", async () => {
  const world = await newWorld();
  const today = 1000;
  const put = world.db.raw.prepare("INSERT INTO usage_days VALUES (?, ?, 'device', 1, 2, 3, 4)");
  const kept = dayOf(today * day - usageMs);
  const days = [today + 1, today, today - usageDays + 1, today - usageDays, kept, kept - 1];
  for (const one of days) put.run(world.user, one);
  world.time = today * day;
  const usage = await readUsage(world.db, world.user, world.time);
  expect(usage.days.map(({ day: date }) => date)).toEqual(["1972-09-27", "1972-08-29"]);
  expect(usage.total).toEqual({ commits: 2, fileBytes: 4, blockBytes: 6, sentBytes: 8 });
  await tendNow(world, undefined, true);
  expect(world.db.raw.prepare("SELECT count(*) AS n FROM usage_days").get()).toEqual({ n: 6 });
  await tendNow(world);
  expect(world.db.raw.prepare("SELECT day FROM usage_days ORDER BY day DESC").all()).toEqual(days.slice(0, 5).map((one) => ({ day: one })));
});

it("R6 an answer has 3,000 rows at most, the newest, and the total has all", async () => {
  const world = await newWorld();
  world.db.raw
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO usage_days SELECT ?1, 1000 - i / 200, i, 1, 0, 0, 0 FROM n`,
    )
    .run(world.user, usageRowsMax);
  const usage = await readUsage(world.db, world.user, 1000 * day);
  expect(usage.days.length).toBe(usageRowsMax);
  expect(usage.total.commits).toBe(usageRowsMax + 1);
});
