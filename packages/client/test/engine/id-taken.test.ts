import { type DeviceId, type NodeId, type OpId, newId, rootId } from "@ashlar/shared/ids";
import { describe, expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

describe("a new folder whose id the server knows already", () => {
  it.each([1, 40])("X144 gets another, and %i files that were sent with it end in it, once each (I5)", async (count) => {
    const clock = new ManualClock(Date.UTC(2026, 10, 22));
    const edge = new SimulatedEdge();
    const [one, two] = [new Device({ clock, edge, name: "one", seed: 1 }), new Device({ clock, edge, name: "two", seed: 2 })];
    one.disk.userMakeFolder("folder");
    for (let index = 0; index < count; index++) one.disk.userWrite(`folder/file ${index}`, `content ${index}`);
    let isFirst = true;
    one.edgeGate = (call, when) => {
      if (call !== "commit" || when !== "before" || !isFirst) return;
      isFirst = false;
      const row = one.database.prepare("SELECT id FROM local WHERE name = 'folder'").get();
      const opId = newId<OpId>(new Random(3).bytes);
      const op = { op: "mkdir" as const, opId, node: String(row?.["id"]) as NodeId, parent: rootId, name: "elsewhere", mode: 0o755 };
      edge.namespace.commit([op], newId<DeviceId>(new Random(4).bytes));
    };
    await one.syncOnce();
    await two.syncOnce();
    expect(isFirst).toBe(false);
    const files = Array.from({ length: count }, (_, index) => `folder/file ${index} file 644 content ${index}`);
    expect(two.disk.listing()).toEqual(["elsewhere folder 755 ", "folder folder 755 ", ...files].toSorted());
    expect(one.disk.listing()).toEqual(two.disk.listing());
  });
});
