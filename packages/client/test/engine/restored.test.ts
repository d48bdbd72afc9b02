import { type DeviceId, newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import { expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const random = new Random(9);

/** Two equal devices with `x.txt`, and a way to restore it past them. */
async function agreed() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  one.disk.userWrite("x.txt", "content");
  await one.syncOnce();
  await two.syncOnce();
  const node = [...edge.namespace.nodes.keys()][0] ?? ("" as NodeId);
  const restore = (baseRev: number, name = "x.txt") => {
    const op = { op: "restore", opId: newId<OpId>(random.bytes), node, baseRev, parent: rootId, name } as const;
    expect(edge.namespace.commit([op], newId<DeviceId>(random.bytes)).results).toMatchObject([{ status: "applied" }]);
  };
  return { edge, one, two, node, restore };
}

it("V4 a restored file comes back under its id on devices that had deleted it", async () => {
  const { edge, one, two, node, restore } = await agreed();
  one.disk.userRemove("x.txt");
  await one.syncOnce();
  await two.syncOnce();
  restore(2, "y.txt");
  for (const device of [one, two, one]) await device.syncOnce();
  expect([one.disk.text("y.txt"), two.disk.text("y.txt")]).toEqual(["content", "content"]);
  expect([...edge.namespace.nodes.keys()]).toEqual([node]);
  // It is edited on as the same file.
  two.disk.userWrite("y.txt", "edited");
  for (const device of [two, one]) await device.syncOnce();
  expect(one.disk.text("y.txt")).toBe("edited");
  expect([...edge.namespace.nodes.keys()]).toEqual([node]);
});

it("V4 a device that hears of the deletion and the restoring at once keeps what it has, with its edits", async () => {
  const { one, two, restore } = await agreed();
  one.disk.userRemove("x.txt");
  await one.syncOnce();
  restore(2);
  two.disk.userWrite("x.txt", "edited");
  for (const device of [two, one, two]) await device.syncOnce();
  expect(two.disk.listing()).toEqual(one.disk.listing());
  expect(one.disk.text("x.txt")).toBe("edited");
});

it("V4 a device that had deleted it as well, unheard, does not delete what was restored", async () => {
  const { edge, one, two, restore } = await agreed();
  one.disk.userRemove("x.txt");
  await one.syncOnce();
  restore(2);
  two.disk.userRemove("x.txt");
  for (const device of [two, one, two]) await device.syncOnce();
  expect(edge.namespace.journal.map(({ type }) => type)).toEqual(["create", "delete", "restore"]);
  expect([one.disk.text("x.txt"), two.disk.text("x.txt")]).toEqual(["content", "content"]);
});
