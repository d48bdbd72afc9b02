import { describe, expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

function pair() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  return { clock, edge, one, two };
}

describe("syncOnce", () => {
  it("X1 two folders become equal, and a second sync does nothing (I7)", async () => {
    const { one, two, edge } = pair();
    one.disk.userMakeFolder("a");
    one.disk.userWrite("a/x.txt", "hello");
    one.disk.userWrite("empty", "");
    one.disk.userWrite("long", "a text that is too long to travel inside a commit");
    one.disk.userWrite("run.sh", "#!", 0o755);
    one.disk.userLink("link", "a/x.txt");
    expect(await one.syncOnce()).toMatchObject({ state: "equal", waiting: [], conflicts: [] });
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    expect(two.disk.listing()).toEqual(one.disk.listing());
    const { commits } = edge;
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.commits).toBe(commits);
  });
});
