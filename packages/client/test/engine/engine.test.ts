/** What the engine does besides merging: bounds, failures, persons, restarts. */
import { newId, type Epoch } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import { describe, expect, it } from "vitest";
import { readStatus } from "../../src/engine/status.ts";
import { HaltError } from "../../src/engine/types.ts";
import { DiskError, type DiskErrorCode, UnreachableError } from "../../src/ports.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { manifestOfText, SimulatedEdge } from "../support/simulated-edge.ts";

function pair(options: { allowMassDelete?: boolean } = {}) {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1, ...options });
  const two = new Device({ clock, edge, name: "two", seed: 2, ...options });
  return { clock, edge, one, two };
}

const itemCodes: readonly DiskErrorCode[] = ["no-space", "no-permission", "busy", "io"];
const paths = (device: Device) => [...device.disk.items()].map(([path]) => path).toSorted();

function writeMany(device: Device, count: number): void {
  for (let index = 0; index < count; index++) device.disk.userWrite(`${index}`, `text ${index}`);
}

function removeMany(device: Device, count: number): void {
  for (let index = 0; index < count; index++) device.disk.userRemove(`${index}`);
}

describe("syncOnce", () => {
  it("X1 makes two folders equal, and a second time does nothing (I7)", async () => {
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

  it("X5 sends many small files in few commits", async () => {
    const { one, edge } = pair();
    writeMany(one, 700);
    await one.syncOnce();
    expect(edge.namespace.nodes.size).toBe(700);
    expect(edge.commits).toBeLessThanOrEqual(3);
  });

  it("X6 rejects when the edge cannot be reached, and nothing is lost by it", async () => {
    const { one, edge } = pair();
    one.disk.userWrite("x", "text");
    one.isOnline = false;
    await expect(one.syncOnce()).rejects.toThrow(UnreachableError);
    one.isOnline = true;
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.namespace.nodes.size).toBe(1);
  });

  it.each(["before", "after"] as const)("X7 a commit that was lost %s the edge took it is made once (I4)", async (moment) => {
    const { one, edge } = pair();
    one.disk.userWrite("x", "text");
    one.edgeGate = (call, when) => {
      if (call !== "commit" || when !== moment) return;
      one.edgeGate = () => undefined;
      throw new UnreachableError("it was lost");
    };
    expect(await one.syncOnce()).toMatchObject({ state: "equal", conflicts: [] });
    expect(edge.namespace.journal).toHaveLength(1);
    // Of what the edge took, the journal tells.
    expect(edge.commits).toBe(1);
  });

  it("X8 reads and sends again what the server says it does not have", async () => {
    const { one, edge } = pair();
    const text = "a text that is too long to travel inside a commit";
    one.disk.userWrite("x", text);
    await one.syncOnce();
    edge.blocks.clear();
    one.disk.userWrite("y", text);
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect([...edge.blocks.keys()].toSorted()).toEqual(
      decodeManifest(manifestOfText(text))
        .map(({ hash }) => hash)
        .toSorted(),
    );
  });

  it.each(itemCodes)("X9 an item that meets %s waits with a reason and a next try, the rest goes on, nothing is deleted", async (code) => {
    const { one, two } = pair();
    one.disk.userWrite("x", "1");
    one.disk.userWrite("y", "2");
    await one.syncOnce();
    two.diskGate = (call, path) => {
      if (call === "place" && path === "x") throw new DiskError(code, path);
    };
    const outcome = await two.syncOnce();
    expect(outcome).toMatchObject({ state: "waiting", waiting: [{ path: "x", reason: code }] });
    expect(outcome.waiting[0]?.nextTryMs).toBeGreaterThan(outcome.waiting[0]?.sinceMs ?? Infinity);
    expect(paths(two)).toEqual(["y"]);
    two.diskGate = () => undefined;
    two.disk.userWrite("z", "3");
    await two.syncAgain();
    expect(paths(two)).toEqual(["x", "y", "z"]);
    await one.syncOnce();
    expect(paths(one)).toEqual(["x", "y", "z"]);
  });

  it("X120 whoever starts a sync has what was put off tried at once, however long it was to wait", async () => {
    const { one, two, clock } = pair();
    one.disk.userWrite("x", "1");
    await one.syncOnce();
    two.diskGate = (call, path) => {
      if (call === "place" && path === "x") throw new DiskError("no-space", path);
    };
    await two.syncOnce();
    const { waiting } = await two.syncOnce();
    expect(waiting[0]?.nextTryMs).toBeGreaterThan(clock.now() + 2000);
    two.diskGate = () => undefined;
    expect(await two.syncOnce()).toMatchObject({ state: "equal", waiting: [] });
    expect(paths(two)).toEqual(["x"]);
  });

  it("X10 a file that was saved while its download was under way is not written over (I5)", async () => {
    const { one, two } = pair();
    one.disk.userWrite("x", "old");
    await one.syncOnce();
    await two.syncOnce();
    one.disk.userWrite("x", "new by one");
    await one.syncOnce();
    two.diskGate = (call) => {
      if (call !== "draft") return;
      two.diskGate = () => undefined;
      two.disk.userWrite("x", "new by two");
    };
    expect(await two.syncOnce()).toMatchObject({ state: "equal", conflicts: [{ path: "x" }] });
    expect(two.disk.text("x")).toBe("new by one");
    expect(two.disk.text("x (conflicted copy, two, 2026-11-22)")).toBe("new by two");
  });

  it("X11 a lost database is built again by merging: equal content agrees, differing content is kept twice, nothing is deleted (I5)", async () => {
    const { one, two, edge } = pair();
    one.disk.userMakeFolder("dir");
    one.disk.userWrite("dir/same", "same");
    one.disk.userWrite("dir/edited", "old");
    one.disk.userWrite("removed", "back again");
    await one.syncOnce();
    await two.syncOnce();
    const { head } = edge.namespace;
    two.loseDatabase();
    two.disk.userWrite("dir/edited", "new");
    two.disk.userRemove("removed");
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.namespace.journal.slice(head).map(({ path }) => path)).toEqual(["dir/edited (conflicted copy, two, 2026-11-22)"]);
    await one.syncOnce();
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(paths(two)).toContain("removed");
  });

  it("X12 after a restore of the server under another epoch devices merge without deleting", async () => {
    const { one, two, edge } = pair();
    writeMany(one, 5);
    await one.syncOnce();
    await two.syncOnce();
    edge.restore(newId<Epoch>(new Random(5).bytes));
    await one.syncOnce();
    await two.syncOnce();
    await one.syncOnce();
    expect(paths(one)).toEqual(["0", "1", "2", "3", "4"]);
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("X13 a device whose cursor is older than the journal compares the trees, and deletions hold", async () => {
    const { one, two, edge } = pair();
    one.disk.userMakeFolder("dir");
    one.disk.userWrite("dir/x", "1");
    one.disk.userWrite("y", "2");
    await one.syncOnce();
    await two.syncOnce();
    one.disk.userRemove("dir");
    one.disk.userMove("y", "z");
    await one.syncOnce();
    edge.journalFrom = edge.namespace.head;
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    expect(paths(two)).toEqual(["z"]);
  });

  it("X14 before deleting a quarter of the files on the server it asks, and goes on when that is allowed", async () => {
    const { one, edge } = pair();
    writeMany(one, 40);
    await one.syncOnce();
    removeMany(one, 20);
    expect(await one.syncOnce()).toMatchObject({ state: "needs-person", question: expect.stringContaining("20 of 40") });
    expect(edge.namespace.nodes.size).toBe(40);
    one.allow();
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    expect(edge.namespace.nodes.size).toBe(20);
  });

  it("X15 before deleting a quarter of the files here it asks, and fewer than 20 go without", async () => {
    const { one, two } = pair();
    writeMany(one, 40);
    await one.syncOnce();
    await two.syncOnce();
    removeMany(one, 19);
    await one.syncOnce();
    expect(await two.syncOnce()).toMatchObject({ state: "equal" });
    writeMany(one, 40);
    await one.syncOnce();
    await two.syncOnce();
    one.allow();
    removeMany(one, 20);
    await one.syncOnce();
    expect(await two.syncOnce()).toMatchObject({ state: "needs-person" });
    expect(paths(two)).toHaveLength(40);
  });

  it("X16 with the marker gone nothing is deleted, and a person is asked (I6)", async () => {
    const { one, edge } = pair();
    writeMany(one, 3);
    await one.syncOnce();
    removeMany(one, 3);
    one.disk.marker = undefined;
    expect(await one.syncOnce()).toMatchObject({ state: "needs-person", question: expect.stringContaining("marker") });
    expect(edge.namespace.nodes.size).toBe(3);
  });

  it("X17 with the folder gone nothing is deleted, and a person is asked (I6)", async () => {
    const { one, edge } = pair();
    writeMany(one, 3);
    await one.syncOnce();
    one.diskGate = (_call, path) => {
      throw new DiskError("root-gone", path);
    };
    expect(await one.syncOnce()).toMatchObject({ state: "needs-person" });
    expect(edge.namespace.nodes.size).toBe(3);
  });

  it("X18 a folder of another account is refused", async () => {
    const { one } = pair();
    one.disk.marker = "another account";
    await expect(one.syncOnce()).rejects.toThrow(HaltError);
  });

  it("X19 files that are not synced keep a folder that the server deleted, and that is said", async () => {
    const { one, two } = pair();
    one.disk.userMakeFolder("dir");
    one.disk.userWrite("dir/x", "1");
    await one.syncOnce();
    await two.syncOnce();
    two.disk.userWrite("dir/scratch.part", "ignored");
    one.disk.userRemove("dir");
    await one.syncOnce();
    expect(await two.syncOnce()).toMatchObject({ state: "waiting", waiting: [{ path: "dir", reason: "not-empty" }] });
    expect(paths(two)).toEqual(["dir", "dir/scratch.part"]);
  });
});

describe("run", () => {
  it("X20 a small edit takes one request and no wait but the settling, and none on the other device", async () => {
    const { one, two, clock } = pair();
    one.start();
    two.start();
    await clock.pass(5000);
    const requests: string[] = [];
    one.edgeGate = (call, when) => when === "before" && requests.push(`one ${call}`);
    two.edgeGate = (call, when) => when === "before" && requests.push(`two ${call}`);
    one.disk.userWrite("x", "small");
    await clock.pass(249);
    expect(paths(two)).toEqual([]);
    await clock.pass(2);
    expect(two.disk.text("x")).toBe("small");
    expect(requests).toEqual(["one commit"]);
    await one.stop();
    await two.stop();
  });

  it("X21 a folder that never gets quiet is looked at after two seconds", async () => {
    const { one, edge, clock } = pair();
    one.start();
    await clock.pass(5000);
    for (let count = 0; count < 21; count++) {
      one.disk.userWrite("log", `line ${count}`);
      await clock.pass(100);
    }
    expect(edge.namespace.journal.length).toBeGreaterThan(0);
    await one.stop();
  });

  it("X22 waits for the edge with growing pauses, and goes on by itself", async () => {
    const { one, edge, clock } = pair();
    one.isOnline = false;
    one.start();
    one.disk.userWrite("x", "text");
    await clock.pass(60_000);
    const attempts = one.events.filter(({ type }) => type === "offline").length;
    expect(attempts).toBeGreaterThan(3);
    expect(attempts).toBeLessThan(40);
    expect(readStatus(one.database).state).toBe("offline");
    one.isOnline = true;
    await clock.pass(31_000);
    expect(edge.namespace.nodes.size).toBe(1);
    expect(one.engine.status()).toMatchObject({ state: "equal", feed: "live", pending: 0, cursor: 1 });
    await one.stop();
    expect(readStatus(one.database).state).toBe("stopped");
  });

  it("X23 fetches what is missing before a pushed change (I3)", async () => {
    const { one, two, edge, clock } = pair();
    one.start();
    two.start();
    await clock.pass(5000);
    two.isDeaf = true;
    one.disk.userWrite("x", "1");
    await clock.pass(1000);
    two.isDeaf = false;
    one.disk.userWrite("y", "2");
    await clock.pass(1000);
    expect(paths(two)).toEqual(["x", "y"]);
    expect(two.engine.status().cursor).toBe(edge.namespace.head);
    await one.stop();
    await two.stop();
  });

  it("X24 a device that was signed out stops and says so", async () => {
    const { one, clock } = pair();
    one.edgeGate = () => {
      throw Object.assign(new Error("This device was signed out from another device."), { code: "device-revoked" });
    };
    one.start();
    await clock.pass(5000);
    expect(one.failure).toMatchObject({ code: "signed-out" });
  });
});
