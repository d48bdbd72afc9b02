/** What is gone from where it was: it comes back, or has moved. */
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

const paths = (device: Device) => [...device.disk.items()].map(([path]) => path).toSorted();

function fill(device: Device): void {
  device.disk.userMakeFolder("a");
  device.disk.userMakeFolder("a/b");
  for (let index = 0; index < 40; index++) device.disk.userWrite(`a/b/${index}`, `text ${index}`);
}

describe("files that were gone in an earlier scan", () => {
  it("X55 are put back, and nothing is asked, sent or deleted any more (I5)", async () => {
    const { one, two, edge } = pair();
    fill(one);
    await one.syncOnce();
    await two.syncOnce();
    const before = new Map([...edge.namespace.nodes].map(([id, { rev }]) => [id, rev]));
    one.disk.userRemove("a");
    expect(await one.syncOnce()).toMatchObject({ state: "needs-person", question: expect.stringContaining("40 of 40") });
    fill(one);
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(new Map([...edge.namespace.nodes].map(([id, { rev }]) => [id, rev]))).toEqual(before);
    expect(await two.syncOnce()).toMatchObject({ state: "equal", conflicts: [] });
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("T13 one that another device edits meanwhile and that comes back as it was takes the edit, an edited one is kept beside it (I5)", async () => {
    const { one, two } = pair();
    fill(one);
    await one.syncOnce();
    await two.syncOnce();
    one.disk.userRemove("a");
    await one.syncOnce();
    two.disk.userWrite("a/b/0", "edited there");
    two.disk.userWrite("a/b/1", "edited there");
    await two.syncOnce();
    fill(one);
    one.disk.userWrite("a/b/1", "edited here");
    one.disk.userWrite("a/b/2", "edited here");
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    await two.syncOnce();
    expect(["a/b/0", "a/b/1", "a/b/2"].map((path) => two.disk.text(path))).toEqual(["edited there", "edited there", "edited here"]);
    const copies = paths(two).filter((path) => path.includes("conflict"));
    expect(copies.map((path) => two.disk.text(path))).toEqual(["edited here"]);
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });
});

const idsOf = (edge: SimulatedEdge) => [...edge.namespace.nodes.keys()].toSorted();

describe("a folder that moves while it is looked for", () => {
  it.each(["sync once", "run"])("X56 between two listings of a scan has moved (%s)", async (mode) => {
    const { clock, one, edge } = pair();
    one.disk.userMakeFolder("k");
    fill(one);
    one.disk.userMove("a", "k/n");
    await one.syncOnce();
    const before = idsOf(edge);
    if (mode === "run") one.start();
    let isMoved = false;
    one.diskGate = (call, path) => {
      if (call !== "list" || path !== "k" || isMoved) return;
      isMoved = true;
      one.disk.userMove("k/n", "a");
    };
    if (mode === "run") {
      await clock.pass(5000);
      await one.stop();
    } else {
      await one.syncOnce();
    }
    expect(isMoved).toBe(true);
    expect(idsOf(edge)).toEqual(before);
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(idsOf(edge)).toEqual(before);
  });

  it("X56 to a folder that is not quiet yet has moved", async () => {
    const { clock, one, two, edge } = pair();
    one.disk.userMakeFolder("k");
    fill(one);
    one.disk.userMove("a", "k/n");
    await one.syncOnce();
    const before = idsOf(edge);
    one.start();
    await clock.pass(5000);
    one.disk.userMove("k/n", "a");
    await clock.pass(200);
    // The root has to get quiet once more, and the other folder has not.
    one.disk.userMove("a/b", "c");
    await clock.pass(5000);
    await one.stop();
    expect(idsOf(edge)).toEqual(before);
    await two.syncOnce();
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("X56 while its files are being read has moved", async () => {
    const { clock, one, edge } = pair();
    one.start();
    await clock.pass(1000);
    one.disk.userMakeFolder("k");
    fill(one);
    one.disk.userMove("a", "k/n");
    let reads = 0;
    one.diskGate = (call) => {
      if (call === "open" && ++reads === 20) one.disk.userMove("k/n", "a");
    };
    await clock.pass(10_000);
    await one.stop();
    expect(reads).toBeGreaterThanOrEqual(20);
    expect(edge.namespace.nodes.size).toBe(43);
    expect(one.events.filter((event) => event.type === "applied" && event.change === "delete")).toEqual([]);
  });
});

/** Kills the device there; the file then has both names. */
function dieHalfWay(device: Device): void {
  device.diskGate = (call) => {
    if (call !== "move half done") return;
    device.diskGate = () => undefined;
    device.kill();
    return new Promise(() => undefined);
  };
}

async function swapped(half: number) {
  const { one, two, edge, clock } = pair();
  one.disk.userWrite("a", "text of a");
  one.disk.userWrite("b", "text of b");
  await clock.pass(5000);
  await one.syncOnce();
  await two.syncOnce();
  one.disk.userSwap("a", "b");
  await one.syncOnce();
  two.start();
  for (let time = 0; time < half; time++) {
    dieHalfWay(two);
    await clock.pass(5000);
    if (!two.isRunning) two.start();
  }
  await clock.pass(30_000);
  await two.stop();
  return { one, two, edge };
}

describe("a move that a crash cut short between its two names", () => {
  it.each([1, 2, 3])("X97 is finished, and its second name is nobody's new file (%i of the moves of a swap)", async (half) => {
    const { one, two, edge } = await swapped(half);
    expect(two.crashes).toBe(half);
    expect([two.disk.text("a"), two.disk.text("b")]).toEqual(["text of b", "text of a"]);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(edge.namespace.nodes.size).toBe(2);
  });

  it("X97 of a conflicted copy, there is one copy in the end (I5)", async () => {
    const { one, two, clock } = pair();
    one.disk.userWrite("a.txt", "old");
    await clock.pass(5000);
    await one.syncOnce();
    await two.syncOnce();
    one.disk.userWrite("a.txt", "by one");
    two.disk.userWrite("a.txt", "by two");
    await one.syncOnce();
    dieHalfWay(two);
    two.start();
    await clock.pass(5000);
    expect(two.isRunning).toBe(false);
    two.start();
    await clock.pass(30_000);
    await two.stop();
    expect(paths(two)).toHaveLength(2);
    expect(two.disk.text("a.txt")).toBe("by one");
    expect(paths(two).map((path) => two.disk.text(path))).toContain("by two");
  });
});
