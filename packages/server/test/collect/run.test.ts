import { leaseMs } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { collect } from "../../src/collect/collect.ts";
import type { Database } from "../../src/ports.ts";
import { newBlock, newUser } from "../support/blocks.ts";
import { hour, Edge } from "../support/collecting-edge.ts";

describe("a run", () => {
  it("Q50 is recorded with what it saw, deleted, freed and met, and logged in one line; records are kept for 90 days", async () => {
    const edge = new Edge();
    await edge.store(newUser(), newBlock());
    edge.clock.forward(leaseMs);
    const record = await edge.run();
    expect(record).toMatchObject({ kind: "collect", deleted: 1, bytesFreed: 100, errors: 0, at: edge.clock.now() });
    const rows = () => edge.directory.raw.prepare("SELECT * FROM gc_runs").all();
    expect(rows()).toMatchObject([{ kind: "collect", finished_at: edge.clock.now(), deleted: 1, bytes_freed: 100, errors: 0 }]);
    expect(JSON.parse(String(rows()[0]?.["details"]))).toMatchObject({ parts: { "blocks/0": { blocks: 1 } } });
    expect(edge.lines.map((line) => (JSON.parse(line) as { collector: string }).collector)).toEqual(["plan", "run"]);
    edge.clock.forward(90 * 24 * hour - 1);
    await edge.run();
    expect(rows()).toHaveLength(2);
    edge.clock.forward(1);
    await edge.run();
    expect(rows()).toHaveLength(2);
  });

  it("Q51 a plan is told and recorded, and changes nothing else", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.store(newUser(), block);
    edge.clock.forward(leaseMs);
    const record = await edge.run("plan");
    expect(record).toMatchObject({ kind: "plan", deleted: 0, parts: { "blocks/0": { blocks: 1, leases: 1 } } });
    expect(edge.row(block)).toMatchObject({ state: "stored" });
    expect(edge.bucket.objects.size).toBe(1);
    expect(edge.directory.raw.prepare("SELECT count(*) AS n FROM gc_cursors").get()).toEqual({ n: 0 });
  });

  it("Q52 keeps another one out while it runs, and for half an hour after it died", async () => {
    const edge = new Edge();
    const begin = "INSERT INTO gc_runs (started_at, run_id, kind) VALUES (?, 'dead', 'collect')";
    edge.directory.raw.prepare(begin).run(edge.clock.now());
    edge.clock.forward(hour / 2 - 1);
    expect(await collect(edge.ports, { kind: "collect", now: edge.clock.now() })).toBeUndefined();
    expect(await edge.run("plan")).toMatchObject({ kind: "plan" });
    edge.clock.forward(1);
    expect(await edge.run()).toMatchObject({ kind: "collect" });
    expect(await edge.run()).toMatchObject({ kind: "collect" });
  });

  it("Q53 begins nothing more after ten minutes, and says so", async () => {
    const edge = new Edge();
    const block = newBlock();
    await edge.store(newUser(), block);
    edge.clock.forward(leaseMs);
    let calls = 0;
    const slow = { now: () => edge.clock.now() + (calls++ === 0 ? 0 : 600_001) };
    expect(await edge.run("collect", { clock: slow })).toMatchObject({
      deleted: 0,
      parts: { "blocks/0": { failed: expect.stringContaining("time is over") as string } },
    });
    expect(edge.bucket.objects.size).toBe(1);
    calls = 0;
    const inTime = { now: () => edge.clock.now() + (calls++ === 0 ? 0 : 600_000) };
    expect(await edge.run("collect", { clock: inTime })).toMatchObject({ deleted: 1 });
  });

  it("Q54 a part that fails is told and does not stop the others", async () => {
    const edge = new Edge();
    await edge.store(newUser(), newBlock());
    edge.clock.forward(leaseMs);
    const record = await edge.run("collect", { metaShards: [away] });
    expect(record).toMatchObject({ deleted: 1, parts: { "users/0": { failed: "Error: D1 is away" } } });
    expect(record.errors).toBe(edge.reports.length);
    expect(record.errors).toBeGreaterThan(0);
  });
});

const away: Database = {
  prepare: () => {
    throw new Error("D1 is away");
  },
  batch: () => Promise.reject(new Error("D1 is away")),
};
