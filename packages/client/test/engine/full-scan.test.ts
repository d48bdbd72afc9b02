import { describe, expect, it } from "vitest";
import { fullScanPauseMs } from "../../src/engine/full-scan.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const minute = 60_000;

describe("full scans", () => {
  it("X121 the longer one takes, the later the next one comes: after ten minutes to an hour", () => {
    expect(fullScanPauseMs(0, 0)).toBe(10 * minute);
    expect(fullScanPauseMs(300, 0)).toBe(10 * minute);
    expect(fullScanPauseMs(900, 0)).toBe(30 * minute);
    expect(fullScanPauseMs(60_000, 0)).toBe(60 * minute);
    // A clock that was set back meanwhile.
    expect(fullScanPauseMs(-5000, 0)).toBe(10 * minute);
  });

  it("X121 it comes after ten minutes where folders have no watch of their own", () => {
    expect(fullScanPauseMs(60_000, 1)).toBe(10 * minute);
  });

  it("X122 what no watch told of is found by the next full scan", async () => {
    const clock = new ManualClock(Date.UTC(2026, 10, 22));
    const edge = new SimulatedEdge();
    const [one, two] = [new Device({ clock, edge, name: "one", seed: 1 }), new Device({ clock, edge, name: "two", seed: 2 })];
    one.start();
    await clock.pass(minute);
    one.disk.onChange = () => undefined;
    one.disk.userWrite("untold", "1");
    await clock.pass(5 * minute);
    await two.syncOnce();
    expect([...two.disk.items()]).toEqual([]);
    await clock.pass(10 * minute);
    await two.syncOnce();
    expect([...two.disk.items()]).toMatchObject([["untold", {}]]);
    await one.stop();
  });
});
