/** What ends, fails or is told at another time than a round expects, while commits and downloads are under way. */
import { describe, expect, it } from "vitest";
import { DiskError, type Edge, UnreachableError } from "../../src/ports.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge, blocksOf, hashOf } from "../support/simulated-edge.ts";

const hourMs = 3_600_000;

/** Does some requests in another way, on the clock of all. */
class OtherEdge extends SimulatedEdge {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 22));
  instead: (port: Edge) => Partial<Edge> = () => ({});

  override port(...args: Parameters<SimulatedEdge["port"]>): Edge {
    const port = super.port(...args);
    return { ...port, ...this.instead(port) };
  }
}

function begin(instead: (port: Edge, edge: OtherEdge) => Partial<Edge> = () => ({})) {
  const edge = new OtherEdge();
  edge.instead = (port) => instead(port, edge);
  const { clock } = edge;
  const device = (name: string, seed: number) => new Device({ clock, edge, name, seed });
  const sync = (one: Device) => clock.passUntil(one.syncOnce(), hourMs);
  return { edge, clock, one: device("one", 1), two: device("two", 2), sync };
}

function writeMany(device: Device, count: number, text: (index: number) => string): void {
  for (let index = 0; index < count; index++) device.disk.userWrite(`file ${index}`, text(index));
}

const appliedTo = ({ events }: Device) => events.flatMap((event) => (event.type === "applied" ? [event.change] : []));

describe("content that cannot be had", () => {
  const isDead = { now: false };
  let asked = 0;

  function deaf() {
    isDead.now = false;
    asked = 0;
    return begin((port, { clock }) => ({
      fetch: async (...args) => {
        if (!isDead.now) return port.fetch(...args);
        asked++;
        await clock.sleep(300);
        throw new UnreachableError("no way to the content");
      },
    }));
  }

  it("X134 ends a single sync after a few tries, though nothing else fails", async () => {
    const { one, two, sync } = deaf();
    writeMany(one, 5, (index) => `longer than one block ${index}`);
    await sync(one);
    isDead.now = true;
    await expect(sync(two)).rejects.toThrow("no way to the content");
    expect(two.events.filter(({ type }) => type === "offline").length).toBeLessThan(6);
  });

  it("X140 is not asked for by those that wait for their turn", async () => {
    const { one, two, sync } = deaf();
    writeMany(one, 500, (index) => `longer than one block ${index}`);
    await sync(one);
    isDead.now = true;
    await expect(sync(two)).rejects.toThrow("no way to the content");
    expect(asked).toBeLessThan(100);
    isDead.now = false;
    await sync(two);
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("X134 is asked for ever less often while a device runs, and comes when it can be had", async () => {
    const { one, two, sync, clock } = deaf();
    writeMany(one, 5, (index) => `longer than one block ${index}`);
    await sync(one);
    isDead.now = true;
    two.start();
    await clock.pass(10 * 60_000);
    expect(two.events.filter(({ type }) => type === "offline").length).toBeLessThan(50);
    isDead.now = false;
    await clock.pass(10 * 60_000);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    await two.stop();
  });
});

describe("of many downloads", () => {
  it("X141 one that fails is tried again when its time has come, however long the others take", async () => {
    const slow = "this one comes slowly, in several blocks";
    const slowest = new Set<string>(blocksOf(new TextEncoder().encode(slow)).map(hashOf));
    const arrived = Promise.withResolvers<void>();
    const { one, two, sync, clock } = begin((port) => ({
      fetch: async (url, ...rest) => {
        if (slowest.has(url)) await arrived.promise;
        return port.fetch(url, ...rest);
      },
    }));
    one.disk.userWrite("slow", slow);
    one.disk.userWrite("fast", "fast and longer than one block");
    await sync(one);
    let left = 3;
    two.diskGate = (call, path) => {
      if (call === "place" && path === "fast" && left-- > 0) throw new DiskError("busy", path);
    };
    two.start();
    await clock.pass(20_000);
    expect(two.disk.text("fast")).toBe("fast and longer than one block");
    expect(two.disk.text("slow")).toBeUndefined();
    arrived.resolve();
    await clock.pass(1000);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    await two.stop();
  });

  it("X142 none begins any more when the device has to stop", async () => {
    let asked = 0;
    const { one, two, sync, clock } = begin((port, { clock: time }) => ({
      fetch: async (...args) => {
        asked++;
        await time.sleep(1000);
        return port.fetch(...args);
      },
    }));
    writeMany(one, 500, (index) => `longer than one block ${index}`);
    await sync(one);
    asked = 0;
    two.start();
    await clock.pass(3000);
    const before = asked;
    expect(before).toBeGreaterThan(0);
    two.edgeGate = (call) => {
      if (call === "changes") throw Object.assign(new Error("This device was signed out."), { code: "device-revoked" });
    };
    two.engine.refresh();
    await clock.pass(10_000);
    expect(two.failure).toMatchObject({ code: "signed-out" });
    // Those under way, each of a few blocks.
    expect(asked - before).toBeLessThan(64);
  });
});

describe("a commit", () => {
  it("X143 that cannot be sent is sent before those that were to follow it", async () => {
    const sent: string[] = [];
    const { one, edge, clock } = begin((port) => ({
      commit: async (ops, ...rest) => {
        sent.push(ops[0]?.opId ?? "");
        if (sent.length < 10) throw new UnreachableError("lost");
        return port.commit(ops, ...rest);
      },
    }));
    writeMany(one, 2600, (index) => `${index}`);
    one.start();
    await clock.pass(hourMs);
    const [first] = sent;
    // All that a plan made is under way at once; sent again, nothing overtakes the first.
    expect(sent.slice(3, 10)).toEqual(Array.from({ length: 7 }, () => first));
    expect(edge.namespace.nodes.size).toBe(2600);
    await one.stop();
  });

  it("X160 that is answered before a change of another device is known is not sent again", async () => {
    const sent: string[] = [];
    const { one, two, edge, clock } = begin((port) => ({
      commit: (ops, ...rest) => {
        sent.push(...ops.map(({ opId }) => opId));
        return port.commit(ops, ...rest);
      },
    }));
    for (const device of [one, two]) device.start();
    await clock.pass(1000);
    one.isDeaf = true;
    two.disk.userWrite("second", "2");
    await clock.pass(1000);
    one.disk.userWrite("first", "1");
    await clock.pass(10_000);
    expect(edge.namespace.nodes.size).toBe(2);
    expect(sent).toHaveLength(2);
    expect(one.disk.listing()).toEqual(two.disk.listing());
    for (const device of [one, two]) await device.stop();
  });

  it("X135 that ends while a round finds nothing to do leaves no sync unfinished, at whatever moment", async () => {
    const states: string[] = [];
    for (let moment = 0; moment < 40; moment++) {
      const both = Promise.withResolvers<void>();
      let commits = 0;
      const { one, sync } = begin((port) => ({
        commit: async (...args) => {
          const number = ++commits;
          const answer = await port.commit(...args);
          if (number === 2) both.resolve();
          await both.promise;
          const ticks = number === 2 ? moment : 0;
          for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
          return answer;
        },
      }));
      one.disk.userMakeFolder("folder");
      one.disk.userWrite("file", "content");
      states.push((await sync(one)).state);
    }
    expect(new Set(states)).toEqual(new Set(["equal"]));
  });

  it("X136 that is applied and not yet answered is waited for before the tree is listed, and a further edit is no conflict", async () => {
    const { one, edge, clock } = begin((port, { clock: time }) => ({
      commit: async (...args) => {
        const answer = await port.commit(...args);
        await time.sleep(5000);
        return answer;
      },
    }));
    one.disk.userWrite("file", "one");
    one.start();
    await clock.pass(20_000);
    one.isDeaf = true;
    one.disk.userWrite("file", "two");
    await clock.pass(1000);
    one.engine.reconcile("sample");
    await clock.pass(100);
    one.disk.userWrite("file", "three");
    await clock.pass(20_000);
    expect(one.engine.status()).toMatchObject({ state: "equal", conflicts: [] });
    expect([...edge.namespace.nodes.values()].map(({ name }) => name)).toEqual(["file"]);
    await one.stop();
  });

  it("X137 whose answer overtakes a page of the journal is no reason to list the tree", async () => {
    let listed = 0;
    let isSlow = false;
    const { one, two, clock } = begin((port, { clock: time }) => ({
      tree: (...args) => {
        listed++;
        return port.tree(...args);
      },
      commit: async (...args) => {
        await time.sleep(1000);
        return port.commit(...args);
      },
      changes: async (...args) => {
        const page = await port.changes(...args);
        if (isSlow) await time.sleep(5000);
        isSlow = false;
        return page;
      },
    }));
    one.start();
    two.start();
    await clock.pass(5000);
    one.isDeaf = true;
    two.disk.userWrite("theirs", "theirs");
    await clock.pass(100);
    one.disk.userWrite("ours", "ours");
    await clock.pass(300);
    isSlow = true;
    listed = 0;
    one.engine.refresh();
    await clock.pass(20_000);
    expect(listed).toBe(0);
    expect(one.disk.listing()).toEqual(two.disk.listing());
    await one.stop();
    await two.stop();
  });

  it("X138 that fails between two others lets neither of them overtake the other", async () => {
    let commits = 0;
    let pages = 0;
    const { one, edge, sync } = begin((port, { clock: time }) => ({
      commit: async (...args) => {
        const number = ++commits;
        if (number === 2) throw new UnreachableError("lost");
        await time.sleep(1000);
        const answer = await port.commit(...args);
        if (number === 1) await time.sleep(20_000);
        return answer;
      },
      changes: (...args) => {
        pages++;
        return port.changes(...args);
      },
    }));
    writeMany(one, 2600, (index) => `${index}`);
    await sync(one);
    expect(edge.namespace.nodes.size).toBe(2600);
    // Of a first sync, and after the failure.
    expect(pages).toBe(2);
  });
});

describe("a deletion", () => {
  it("X139 comes after the downloads of the plans before, which may copy from what is to be deleted, and counts all the same", async () => {
    const { one, two, sync } = begin();
    for (let index = 0; index < 19; index++) one.disk.userWrite(`old ${index}`, "old");
    await sync(one);
    await sync(two);
    writeMany(one, 1000, (index) => `${index}`.padEnd(8, "x"));
    await sync(one);
    for (let index = 0; index < 19; index++) one.disk.userRemove(`old ${index}`);
    await sync(one);
    await sync(two);
    const applied = appliedTo(two);
    expect(applied.filter((change) => change === "delete")).toHaveLength(19);
    expect(applied.slice(applied.indexOf("delete"))).not.toContain("create");
    const noted = two.database.prepare("SELECT value FROM meta WHERE key = 'recent-deletions'").get();
    expect(JSON.parse(String(noted?.["value"]))).toMatchObject({ local: 19 });
  });
});
