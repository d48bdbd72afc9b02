/** A device whose cursor has expired: what it asks, and what it then knows. */
import { newId, type Epoch } from "@ashlar/shared/ids";
import { expect, it } from "vitest";
import { UnreachableError } from "../../src/ports.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const folders = ["a", "a/deep", "a/deep/er", "b", "b/deep", "c"];

/** Two equal devices with a tree of six folders with two files each; the second one's cursor is too old then. */
async function agreed() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  for (const folder of folders) {
    one.disk.userMakeFolder(folder);
    for (const file of ["x", "y"]) one.disk.userWrite(`${folder}/${file}`, `${folder} ${file}`);
  }
  await one.syncOnce();
  await two.syncOnce();
  const listings = { count: 0, changes: 0 };
  two.edgeGate = (call, when) => {
    if (call === "tree" && when === "before") listings.count++;
    if (call === "changes" && when === "before") listings.changes++;
  };
  return { clock, edge, one, two, listings };
}

it("X57 asks once when nothing changed", async () => {
  const { edge, one, two, listings } = await agreed();
  one.disk.userWrite("passing", "soon gone");
  await one.syncOnce();
  one.disk.userRemove("passing");
  await one.syncOnce();
  edge.journalFrom = edge.namespace.head;
  expect(await two.syncOnce()).toMatchObject({ state: "equal" });
  // The one that was refused, and the one that goes on from there.
  expect(listings).toEqual({ count: 1, changes: 2 });
});

it("X57 lists only the folders on the way to what changed, and learns it", async () => {
  const { edge, one, two, listings } = await agreed();
  one.disk.userWrite("a/deep/er/x", "changed");
  one.disk.userRemove("a/deep/er/y");
  await one.syncOnce();
  edge.journalFrom = edge.namespace.head;
  expect(await two.syncOnce()).toMatchObject({ state: "equal" });
  expect(two.disk.listing()).toEqual(one.disk.listing());
  // The root and three folders, of which the first and the last ones have more than a page.
  expect(listings.count).toBeLessThanOrEqual(6);
});

it("X57 lists everything when the server was restored, and nothing is deleted (I5)", async () => {
  const { edge, one, two, listings } = await agreed();
  edge.restore(newId<Epoch>(new Random(5).bytes));
  expect(await two.syncOnce()).toMatchObject({ state: "equal" });
  expect(listings.count).toBeGreaterThanOrEqual(folders.length + 1);
  await one.syncOnce();
  expect(two.disk.listing()).toEqual(one.disk.listing());
});

it("X58 keeps what it did not list, also after an interruption at any request", async () => {
  for (let stop = 1; stop <= 5; stop++) {
    const { edge, one, two } = await agreed();
    one.disk.userMove("a/deep", "c/moved");
    one.disk.userWrite("b/deep/x", "changed");
    await one.syncOnce();
    edge.journalFrom = edge.namespace.head;
    let asked = 0;
    two.edgeGate = (call, when) => {
      if (call === "tree" && when === "before" && ++asked >= stop) throw new UnreachableError("gone for a moment");
    };
    await expect(two.syncOnce()).rejects.toBeInstanceOf(UnreachableError);
    two.edgeGate = () => undefined;
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(edge.namespace.nodes.size).toBe(3 * folders.length);
  }
});
