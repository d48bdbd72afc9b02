/** What a device does after something went wrong that is no single file's: it becomes equal again, or waits and says why. */
import { type NodeId, newId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { describe, expect, it } from "vitest";
import { DatabaseFullError, type LocalDatabase } from "../../src/database.ts";
import { readStatus } from "../../src/engine/status.ts";
import type { EngineEvent } from "../../src/engine/types.ts";
import { DiskError } from "../../src/ports.ts";
import { treeFaults } from "../../src/trees/faults.ts";
import { Device } from "../support/device.ts";
import { fillable } from "../support/fillable-database.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { SimulatedEdge, hashOf } from "../support/simulated-edge.ts";
import { Simulation } from "../support/simulation.ts";

const dayMs = 24 * 60 * 60 * 1000;
/** One block that does not fit into a pack. */
const large = (text: string) => text.padEnd(70_000, ".");
const bytesOf = (text: string) => new TextEncoder().encode(text);

function pair() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  return { clock, edge, one, two };
}

async function agreed() {
  const both = pair();
  const { one, two, clock } = both;
  for (const folder of ["a", "a/b", "c"]) {
    one.disk.userMakeFolder(folder);
    one.disk.userWrite(`${folder}/x`, `${folder} x`);
  }
  one.disk.userWrite("large", large("content"));
  await clock.pass(5000);
  await one.syncOnce();
  await two.syncOnce();
  return both;
}

const reconciled = (device: Device) =>
  device.events.filter((event): event is Extract<EngineEvent, { type: "reconciled" }> => event.type === "reconciled");

function idOf(device: Device, name: string): NodeId {
  const row = device.database.prepare("SELECT id FROM local WHERE name = ?").get(name);
  return String(row?.["id"]) as NodeId;
}

describe("reconcile", () => {
  const damages: readonly [string, (database: LocalDatabase, device: Device) => void][] = [
    ["a row of the remote tree is lost", (database) => database.exec("DELETE FROM remote WHERE name = 'b'")],
    ["a row of the remote tree is old", (database) => database.exec("UPDATE remote SET rev = rev - 1, version = 0 WHERE name = 'large'")],
    ["a row of the remote tree names another folder", (database) => database.exec("UPDATE remote SET parent = 'nowhere' WHERE name = 'b'")],
    ["a row of the local tree is lost", (database) => database.exec("DELETE FROM local WHERE name = 'large'")],
    ["a folder of the local tree has lost its parent", (database) => database.exec("UPDATE local SET parent = 'nowhere' WHERE name = 'b'")],
    [
      "two folders of the local tree lie in each other",
      (database, device) => {
        const [a, b] = [idOf(device, "a"), idOf(device, "b")];
        database.exec(`UPDATE local SET parent = '${b}' WHERE id = '${a}'`);
      },
    ],
    [
      "a local node is noted twice",
      (database) =>
        database.exec(
          `INSERT INTO local SELECT '${newId<NodeId>(new Random(9).bytes)}', parent, name, fold, spelling, kind, mode, size, mtime_ns, ctime_ns, '77', seen_at, manifest
         FROM local WHERE name = 'large'`,
        ),
    ],
    ["what was agreed is lost", (database) => database.exec("DELETE FROM synced WHERE name = 'large'")],
    ["a block is noted in a file that is not there", (database) => database.exec("UPDATE places SET node = 'nowhere'")],
  ];

  it.each(damages)("X80 mends it and deletes nothing when %s (I5)", async (_, damage) => {
    const { edge, one, two } = await agreed();
    const before = one.disk.listing();
    const nodes = edge.namespace.nodes.size;
    damage(two.database, two);
    two.begin().reconcile("sample");
    expect(await two.syncOnce()).toMatchObject({ state: "equal", conflicts: [] });
    expect(two.disk.listing()).toEqual(before);
    expect(treeFaults(two.database, 10)).toEqual([]);
    await one.syncOnce();
    expect(one.disk.listing()).toEqual(before);
    expect(edge.namespace.nodes.size).toBe(nodes);
    expect(edge.namespace.journal.some(({ type }) => type === "delete")).toBe(false);
  });

  it("X80 looks at the whole disk at once, whatever the watches told", async () => {
    const { clock, one, two } = await agreed();
    two.start();
    await clock.pass(2000);
    const item = two.disk.find("a/x");
    if (item === undefined) throw new Error("a/x is there");
    item.bytes = bytesOf("changed in silence");
    item.mtimeNs += 1_000_000_000n;
    item.ctimeNs = item.mtimeNs;
    two.engine.reconcile("sample");
    await clock.pass(10_000);
    await two.stop();
    await one.syncOnce();
    expect(one.disk.text("a/x")).toBe("changed in silence");
  });

  it("X81 a block that the server has lost is sent again by whoever has it", async () => {
    const { edge, two } = await agreed();
    const hash = hashOf(bytesOf(large("content")));
    edge.blocks.delete(hash);
    two.begin().reconcile("all");
    await two.syncOnce();
    expect(reconciled(two)).toEqual([{ type: "reconciled", mended: 0, blocksChecked: 4, blocksSent: 1, blocksMissing: 0 }]);
    expect(edge.blocks.has(hash)).toBe(true);
  });

  it("X81 a file that rotted on this disk is not sent for the block that it was", async () => {
    const { edge, two } = await agreed();
    const hash = hashOf(bytesOf(large("content")));
    edge.blocks.delete(hash);
    const item = two.disk.find("large");
    if (item !== undefined) item.bytes = bytesOf(large("rotten!"));
    two.begin().reconcile("all");
    await two.syncOnce();
    expect(reconciled(two)).toMatchObject([{ blocksSent: 0, blocksMissing: 1 }]);
    expect(edge.blocks.has(hash)).toBe(false);
  });

  it("X81 of two files with the block, the one that still holds it will do", async () => {
    const { clock, edge, two } = await agreed();
    two.disk.userWrite("another", large("content"));
    await clock.pass(5000);
    await two.syncOnce();
    for (const rotten of ["large", "another"]) {
      const hash = hashOf(bytesOf(large("content")));
      edge.blocks.delete(hash);
      const item = two.disk.find(rotten);
      if (item !== undefined) item.bytes = bytesOf(large("rotten!"));
      two.begin().reconcile("all");
      await two.syncOnce();
      if (item !== undefined) item.bytes = bytesOf(large("content"));
      expect(reconciled(two).at(-1)).toMatchObject({ blocksSent: 1, blocksMissing: 0 });
      expect(edge.blocks.has(hash)).toBe(true);
    }
  });

  it("X82 happens daily by itself, and costs few requests where all is equal", async () => {
    const { clock, two } = await agreed();
    const asked: string[] = [];
    two.start();
    await clock.pass(dayMs - 60_000);
    expect(reconciled(two)).toEqual([]);
    two.edgeGate = (call, when) => when === "before" && asked.push(call);
    await clock.pass(0.1 * dayMs + 120_000);
    expect(reconciled(two)).toHaveLength(1);
    expect(asked.toSorted()).toEqual(["changes", "changes", "check", "tree"]);
    await two.stop();
    // The next start goes on from the last one noted.
    two.start();
    await clock.pass(0.5 * dayMs);
    expect(reconciled(two)).toHaveLength(1);
    await clock.pass(0.7 * dayMs);
    expect(reconciled(two)).toHaveLength(2);
    await two.stop();
  });

  it("X82 what could not be finished while the edge was away is finished then", async () => {
    const { clock, two } = await agreed();
    two.start();
    await clock.pass(2000);
    two.isOnline = false;
    two.engine.reconcile("all");
    await clock.pass(60_000);
    expect(reconciled(two)).toEqual([]);
    two.isOnline = true;
    await clock.pass(120_000);
    expect(reconciled(two)).toHaveLength(1);
    await two.stop();
  });

  it.each([3, 4])("X87 after whatever happened nothing is found wrong in the trees, seed %i", async (seed) => {
    const simulation = new Simulation({ seed: seed + 200_000, devices: 3, steps: 25, lost: 0.05, crash: 0.01 });
    await simulation.run();
    for (const { database } of simulation.devices) expect(treeFaults(database, 10)).toEqual([]);
  });
});

describe("a device that cannot write its own state", () => {
  it.each([0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233])(
    "X83 waits with a reason and goes on when there is room, after %i writes",
    async (room) => {
      const { clock, one, two } = await agreed();
      const disk = fillable(two.database);
      two.database = disk.database;
      two.start();
      await clock.pass(2000);
      for (let index = 0; index < 20; index++) {
        one.disk.userWrite(`new ${index}`, index % 2 === 0 ? `text ${index}` : large(`text ${index}`));
        two.disk.userWrite(`own ${index}`, `own ${index}`);
      }
      one.start();
      disk.room = room;
      await clock.pass(60_000);
      expect(two.failure).toBeUndefined();
      expect(two.events.find((event) => event.type === "waiting" && event.reason === "state-full")).toMatchObject({ path: "" });
      expect(two.engine.status().state).toBe("waiting");
      disk.room = Infinity;
      await clock.pass(120_000);
      expect(two.disk.listing()).toEqual(one.disk.listing());
      expect(two.disk.listing().filter((line) => line.includes("conflicted"))).toEqual([]);
      expect(readStatus(two.database)).toMatchObject({ state: "equal", waiting: [] });
      await one.stop();
      await two.stop();
    },
  );

  it("X83 a single sync that finds no room fails, and the next one goes on", async () => {
    const { one } = pair();
    const disk = fillable(one.database);
    one.disk.userWrite("x", "text");
    one.database = disk.database;
    one.begin();
    disk.room = 0;
    await expect(one.syncOnce()).rejects.toThrow(DatabaseFullError);
    disk.room = Infinity;
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
  });
});

describe("a server", () => {
  it("X84 that is down for an hour is waited for, and both sides become equal by themselves", async () => {
    const { clock, one, two } = await agreed();
    one.start();
    two.start();
    await clock.pass(2000);
    one.isOnline = false;
    two.isOnline = false;
    one.disk.userWrite("a/x", "edited by one");
    two.disk.userWrite("new", "made by two");
    await clock.pass(60 * 60_000);
    expect(readStatus(one.database)).toMatchObject({ state: "offline", pending: 1 });
    expect(one.events.findLast(({ type }) => type === "offline")).toMatchObject({ why: "the line is dead" });
    one.isOnline = true;
    two.isOnline = true;
    await clock.pass(120_000);
    expect(readStatus(one.database)).toMatchObject({ state: "equal", pending: 0 });
    expect(two.disk.text("a/x")).toBe("edited by one");
    expect(one.disk.listing()).toEqual(two.disk.listing());
    await one.stop();
    await two.stop();
  });

  it("X85 whose account is full has the file wait with that reason, takes other changes, and goes on when there is room", async () => {
    const { clock, edge, one, two } = await agreed();
    one.start();
    await clock.pass(2000);
    let isFull = true;
    one.edgeGate = (call, when) => {
      if (call === "putBlock" && when === "before" && isFull) throw new ProblemError("over-quota");
    };
    one.disk.userWrite("too much", large("more"));
    one.disk.userRemove("c/x");
    await clock.pass(20_000);
    const { waiting, state } = readStatus(one.database);
    expect(state).toBe("waiting");
    expect(waiting).toMatchObject([{ path: "too much", reason: "over-quota", detail: expect.stringContaining("have the quota raised") }]);
    expect(waiting[0]?.sinceMs).toBeGreaterThan(0);
    expect(waiting[0]?.nextTryMs).toBeGreaterThan(clock.now());
    expect([...edge.namespace.nodes.values()].filter(({ name }) => name === "x")).toHaveLength(2);
    isFull = false;
    await clock.pass(10 * 60_000);
    expect(readStatus(one.database)).toMatchObject({ state: "equal", waiting: [] });
    await two.syncOnce();
    expect(two.disk.text("too much")).toBe(large("more"));
    await one.stop();
  });
});

it("X86 folders that the system has no watch left for are counted in the status", async () => {
  const { clock, one } = await agreed();
  one.unwatched = 2;
  one.start();
  await clock.pass(2000);
  expect(readStatus(one.database)).toMatchObject({ unwatched: 2 });
  one.unwatched = 0;
  one.disk.userWrite("y", "y");
  await clock.pass(5000);
  expect(readStatus(one.database)).toMatchObject({ unwatched: 0 });
  await one.stop();
});

describe("the folder's own marker", () => {
  it("X98 that cannot be written holds everything up with the reason, until it can (I6)", async () => {
    const { clock, one } = pair();
    one.disk.userWrite("x", "text");
    one.diskGate = (call) => {
      if (call === "writeMarker") throw new DiskError("no-space", "");
    };
    one.start();
    await clock.pass(60_000);
    expect(one.failure).toBeUndefined();
    expect(one.events.find(({ type }) => type === "waiting")).toMatchObject({ path: "", detail: expect.stringContaining(".ashlar") });
    one.diskGate = () => undefined;
    await clock.pass(60_000);
    expect(one.engine.status()).toMatchObject({ state: "equal", waiting: [] });
    await one.stop();
  });
});
