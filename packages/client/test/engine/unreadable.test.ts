/** Folders that cannot be read, for once or for long. */
import { describe, expect, it } from "vitest";
import { DiskError } from "../../src/ports.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

async function syncing() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  one.disk.userMakeFolder("from");
  one.disk.userMakeFolder("to");
  one.disk.userWrite("from/file", "moves");
  await one.syncOnce();
  one.start();
  await clock.pass(3000);
  return { clock, edge, one };
}

/** So many listings of the folder fail. */
function fail(device: Device, folder: string, times: number): void {
  let left = times;
  device.diskGate = (call, path) => {
    if (call === "list" && path === folder && left-- > 0) throw new DiskError("io", path);
  };
}

const waiting = (device: Device) =>
  device.engine.status().waiting.map(({ path, reason, nextTryMs }) => ({ path, reason, isTimed: nextTryMs !== null }));

describe("a folder that cannot be read", () => {
  it("X96 for once is no reason to take for deleted what was moved into it", async () => {
    const { clock, edge, one } = await syncing();
    fail(one, "to", 1);
    one.disk.userMove("from/file", "to/file");
    await clock.pass(3000);
    expect(waiting(one)).toEqual([]);
    expect(edge.namespace.journal.filter(({ type }) => type === "delete")).toEqual([]);
    expect(edge.namespace.journal.at(-1)).toMatchObject({ type: "move" });
    await one.stop();
  });

  it("X95 is looked at again by itself, later each time, and the status says when", async () => {
    const { clock, one } = await syncing();
    fail(one, "to", 2);
    one.disk.userWrite("to/new", "new");
    await clock.pass(3000);
    expect(waiting(one)).toEqual([{ path: "to", reason: "unreadable", isTimed: true }]);
    expect(one.events.filter(({ type }) => type === "waiting")).toHaveLength(1);
    // Five seconds, and ten.
    await clock.pass(16_000);
    expect(waiting(one)).toEqual([]);
    expect(one.engine.status().state).toBe("equal");
    await one.stop();
  });

  it("X95 that stays so is looked at every five minutes", async () => {
    const { clock, one } = await syncing();
    let looks = 0;
    one.diskGate = (call, path) => {
      if (call !== "list" || path !== "to") return;
      looks++;
      throw new DiskError("no-permission", path);
    };
    one.disk.userWrite("to/new", "new");
    await clock.pass(3_600_000);
    const before = looks;
    await clock.pass(3_600_000);
    // Twelve of its own, and the full looks, of which there are six an hour.
    expect(looks - before).toBeGreaterThanOrEqual(12);
    expect(looks - before).toBeLessThanOrEqual(18);
    await one.stop();
  });
});
