/** How a person's content could get lost, and does not. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { describe, expect, it, vi } from "vitest";
import { DiskError, UnreachableError } from "../../src/ports.ts";
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
/** Long enough that the engine does not wait for its transfer. */
const long = (text: string) => text.padEnd(8 * 1024 * 1024, ".");
const longNames = ["a", "b", "c", "d", "e"];

/** Keeps downloads from beginning until it is released. */
function hold(device: Device): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  device.diskGate = (call) => (call === "draft" ? promise : undefined);
  return () => {
    device.diskGate = () => undefined;
    resolve();
  };
}

/** Both have the five long files; the first has changed them all, and the second is to fetch them, four at a time. */
async function withLongDownloads() {
  const both = pair();
  const { clock, one, two } = both;
  for (const name of longNames) one.disk.userWrite(name, long(`${name} old`));
  one.disk.userWrite("x", "old");
  // No file is so young that it is read once more.
  await clock.pass(5000);
  await one.syncOnce();
  await two.syncOnce();
  for (const name of longNames) one.disk.userWrite(name, long(`${name} new`));
  one.disk.userRemove("x");
  await one.syncOnce();
  const release = hold(two);
  two.start();
  await clock.pass(3000);
  return { ...both, release };
}

describe("while long transfers are under way", () => {
  it("X40 a file edited after its deletion was planned is kept (I5)", async () => {
    const { clock, two, release } = await withLongDownloads();
    expect(two.disk.text("x")).toBe("old");
    two.disk.userWrite("x", "new by two");
    await clock.pass(3000);
    release();
    await clock.pass(10_000);
    expect(two.disk.text("x")).toBe("new by two");
    await two.stop();
  });

  it("X41 a file edited after its download was planned is kept (I5)", async () => {
    const { clock, two, release } = await withLongDownloads();
    for (const name of longNames) two.disk.userWrite(name, `${name} by two`);
    await clock.pass(3000);
    release();
    await clock.pass(10_000);
    const texts = [...two.disk.items()].map(([, { bytes }]) => new TextDecoder().decode(bytes.subarray(0, 20)).replace(/\.+$/, ""));
    expect(texts.toSorted()).toEqual(longNames.flatMap((name) => [`${name} by two`, `${name} new`]));
    await two.stop();
  });

  it("X42 a version whose manifest is still to be asked for is not taken for an empty file (I6)", async () => {
    const { clock, edge, one, two, release } = await withLongDownloads();
    two.isDeaf = true;
    for (const name of longNames) one.disk.userWrite(name, long(`${name} newest`));
    const { head } = edge.namespace;
    await one.syncOnce();
    // As the server leaves out long ones.
    for (let at = head; at < edge.namespace.head; at++) {
      const change = edge.namespace.journal[at];
      if (change !== undefined) edge.namespace.journal[at] = { ...change, manifest: null };
    }
    two.engine.refresh();
    await clock.pass(1000);
    expect(two.engine.status().cursor).toBe(edge.namespace.head);
    release();
    await clock.pass(60_000);
    for (const name of longNames) expect(two.disk.text(name)).toBe(long(`${name} newest`));
    expect(edge.namespace.head).toBe(head + longNames.length);
    await two.stop();
  });

  it("X43 a transfer that is tried again does not keep the loop turning", async () => {
    const { clock, one, two } = pair();
    one.disk.userWrite("a", long("text"));
    await one.syncOnce();
    two.diskGate = (call) => {
      if (call !== "draft") return;
      hold(two);
      throw new DiskError("io", "");
    };
    two.start();
    await clock.pass(3000);
    const sleep = vi.spyOn(clock, "sleep");
    await clock.pass(10_000);
    expect(sleep.mock.calls.length).toBeLessThan(100);
    two.kill();
  });
});

describe("a file replaced by a link while it is about to be read", () => {
  it("X45 is not sent as a file with the link's target in it", async () => {
    const { one, edge } = pair();
    one.disk.userWrite("x", "text");
    one.diskGate = (call, path) => {
      if (call !== "stat" || path !== "x") return;
      one.diskGate = () => undefined;
      one.disk.userRemove("x");
      one.disk.userLink("x", "target");
    };
    await one.syncOnce();
    expect(edge.namespace.journal.map(({ kind }) => kind)).toEqual(["symlink"]);
  });
});

describe("a folder that nobody may write to", () => {
  it("X49 gets what is in it first, and its mode then", async () => {
    const { clock, edge, one, two } = pair();
    one.disk.userMakeFolder("dir");
    one.disk.userWrite("dir/x", "text");
    one.disk.userChmod("dir", 0o555);
    await clock.pass(5000);
    await one.syncOnce();
    two.diskGate = (call, path) => {
      const mode = two.disk.find("dir")?.mode ?? 0;
      if (call === "place" && (mode & 0o300) !== 0o300) throw new DiskError("no-permission", path);
    };
    expect(await two.syncOnce()).toMatchObject({ state: "equal", waiting: [] });
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(edge.namespace.head).toBe(2);
  });
});

describe("deletions that come bit by bit", () => {
  it("X46 count together, and a person is asked before a quarter is gone (I5)", async () => {
    const { clock, one, edge } = pair();
    for (let index = 0; index < 100; index++) one.disk.userWrite(`${index}`, `text ${index}`);
    one.start();
    await clock.pass(5000);
    for (let index = 0; index < 60; index++) {
      one.disk.userRemove(`${index}`);
      await clock.pass(1000);
      // Also across a restart.
      if (index === 12) await one.stop();
      if (index === 12) one.start();
    }
    expect(edge.namespace.nodes.size).toBe(76);
    expect(one.engine.status()).toMatchObject({ state: "needs-person" });
    await clock.pass(60 * 60_000);
    expect(edge.namespace.nodes.size).toBe(76);
    await one.stop();
    one.allow();
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.namespace.nodes.size).toBe(40);
  });

  it("X47 do not count together over a quiet time", async () => {
    const { clock, one, edge } = pair();
    for (let index = 0; index < 100; index++) one.disk.userWrite(`${index}`, `text ${index}`);
    one.start();
    await clock.pass(5000);
    for (let part = 0; part < 5; part++) {
      for (let index = 0; index < 15; index++) one.disk.userRemove(`${part * 15 + index}`);
      await clock.pass(11 * 60_000);
    }
    expect(edge.namespace.nodes.size).toBe(25);
    await one.stop();
  });
});

/** The second device runs, and has sent a file that the first has not heard of. */
async function withNewerOnTwo() {
  const both = pair();
  const { clock, one, two } = both;
  one.disk.userWrite("old", "old");
  await one.syncOnce();
  await two.syncOnce();
  two.start();
  await clock.pass(5000);
  two.disk.userWrite("only on two", "only on two");
  await clock.pass(5000);
  return both;
}

describe("a server that was set back", () => {
  it("X48 while its tree is being read is read again", async () => {
    const { one, edge } = pair();
    one.disk.userWrite("x", "text");
    one.edgeGate = (call, when) => {
      if (call !== "changes" || when !== "before") return;
      one.edgeGate = () => undefined;
      throw new ProblemError("epoch-changed");
    };
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.namespace.nodes.size).toBe(1);
  });

  it("X44 under the same epoch as well, devices merge without deleting (I5)", async () => {
    const { one, two, edge } = pair();
    for (const name of longNames) one.disk.userWrite(name, name);
    await one.syncOnce();
    await two.syncOnce();
    edge.restore(edge.epoch);
    await two.syncOnce();
    await one.syncOnce();
    expect(paths(two)).toEqual(longNames);
    expect(one.disk.listing()).toEqual(two.disk.listing());
  });

  it.each(["asks again", "compares everything", "is told of them"])(
    "X44 also when it has as many changes again by the time that a device %s (I5)",
    async (how) => {
      const { clock, one, two, edge } = await withNewerOnTwo();
      if (how === "asks again") await two.stop();
      else two.isDeaf = how === "compares everything";
      // To before that, of which the first device has heard nothing.
      edge.restore(edge.epoch);
      for (const name of ["new", "newer", "newest"]) one.disk.userWrite(name, name);
      await one.syncOnce();
      await clock.pass(5000);
      if (how === "asks again") two.start();
      else two.engine.reconcile("sample");
      await clock.pass(60_000);
      expect(two.disk.text("only on two")).toBe("only on two");
      await two.stop();
      await one.syncOnce();
      expect(one.disk.listing().map((line) => line.split(" file ")[0])).toEqual(["new", "newer", "newest", "old", "only on two"]);
      expect(one.disk.listing()).toEqual(two.disk.listing());
    },
  );

  it("X44 also when what was never answered is sent to it before anything is asked (I5)", async () => {
    const { clock, one, two, edge } = await withNewerOnTwo();
    let isAway = true;
    two.edgeGate = (call, when) => {
      if (isAway && when === "before" && call !== "tree") throw new UnreachableError("it is being set back");
    };
    two.isDeaf = true;
    for (const name of longNames) two.disk.userWrite(name, name);
    await clock.pass(2000);
    edge.restore(edge.epoch);
    isAway = false;
    two.isDeaf = false;
    two.engine.refresh();
    await clock.pass(60_000);
    two.engine.reconcile("sample");
    await clock.pass(60_000);
    expect(two.disk.text("only on two")).toBe("only on two");
    await two.stop();
    await one.syncOnce();
    expect(one.disk.listing()).toEqual(two.disk.listing());
  });
});
