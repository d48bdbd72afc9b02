import { describe, expect, it } from "vitest";
import { fullScanPauseMs } from "../../src/engine/full-scan.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const minute = 60_000;
const quiet = { unwatched: 0, found: 0 };

it.each([
  ["fractions of a second", 123, []],
  ["whole seconds alone, as on the coarsest disks", 0, ["x"]],
])("X123 a file that was placed just now is read once more where its time shows %s: %#", async (_, ms, read) => {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const [one, two] = [new Device({ clock, edge, name: "one", seed: 1 }), new Device({ clock, edge, name: "two", seed: 2 })];
  await clock.pass(ms);
  one.disk.userWrite("x", "a text that is too long to travel inside a commit");
  await one.syncOnce();
  await two.syncOnce();
  const opened: string[] = [];
  two.diskGate = (call, path) => {
    if (call === "open" && path === "x") opened.push(path);
  };
  await two.syncOnce();
  expect(opened).toEqual(read);
});

describe("full scans", () => {
  it("X121 the longer one takes, the later the next one comes: after ten minutes to an hour", () => {
    expect(fullScanPauseMs(0, quiet)).toBe(10 * minute);
    expect(fullScanPauseMs(300, quiet)).toBe(10 * minute);
    expect(fullScanPauseMs(900, quiet)).toBe(30 * minute);
    expect(fullScanPauseMs(60_000, quiet)).toBe(60 * minute);
    // A clock that was set back meanwhile.
    expect(fullScanPauseMs(-5000, quiet)).toBe(10 * minute);
  });

  it("X121 it comes after ten minutes where folders have no watch of their own, or one finds what no watch told of", () => {
    expect(fullScanPauseMs(60_000, { unwatched: 0, found: 1 })).toBe(10 * minute);
    expect(fullScanPauseMs(60_000, { unwatched: 1, found: 0 })).toBe(10 * minute);
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
