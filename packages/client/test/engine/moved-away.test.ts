/** Files that a person moves to where nothing is synced, and what the other device sees of it. */
import { describe, expect, it } from "vitest";
import { DiskError } from "../../src/ports.ts";
import { treeFaults } from "../../src/trees/faults.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const composed = "\u00e9";
const decomposed = "e\u0301";

/** Both run and are equal, and the first has a folder that waits. */
async function running() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  one.disk.userMakeFolder(composed);
  one.disk.userMakeFolder("from");
  one.disk.userWrite("from/file", "text");
  one.start();
  two.start();
  await clock.pass(10_000);
  one.disk.userMakeFolder(decomposed);
  await clock.pass(10_000);
  const before = edge.namespace.journal.length;
  return { clock, edge, one, two, typesSince: () => edge.namespace.journal.slice(before).map(({ type }) => type) };
}

const waiting = (device: Device) => device.engine.status().waiting.map(({ path, reason }) => `${path} ${reason}`);

describe("a file that is moved into a folder that waits", () => {
  it("X124 stays where it was for everybody else, waits with the reason, and is a move when the folder has a name of its own", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userMove("from/file", `${decomposed}/moved`);
    await clock.pass(1_200_000);
    expect(typesSince()).toEqual([]);
    expect(two.disk.text("from/file")).toBe("text");
    expect(waiting(one)).toEqual([`${decomposed} clash`, "from/file moved-away"]);
    expect(one.events.filter((event) => event.type === "waiting").map(({ path }) => path)).toEqual([decomposed, "from/file"]);
    const uploads = one.events.filter(({ type }) => type === "upload").length;
    one.disk.userMove(decomposed, "named");
    await clock.pass(10_000);
    expect(typesSince()).toEqual(["create", "move"]);
    expect(one.events.filter(({ type }) => type === "upload").length - uploads).toBeLessThanOrEqual(1);
    expect(waiting(one)).toEqual([]);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    await one.stop();
    await two.stop();
  });

  it("X124 as one that is moved to a name that clashes itself, in another folder", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userWrite("\u00fc", "composed");
    await clock.pass(10_000);
    one.disk.userMove("from/file", "u\u0308");
    await clock.pass(1_200_000);
    expect(typesSince()).toEqual(["create"]);
    expect(waiting(one)).toContain("from/file moved-away");
    one.disk.userMove("u\u0308", "good");
    await clock.pass(10_000);
    expect(typesSince()).toEqual(["create", "move"]);
    await one.stop();
    await two.stop();
  });

  it("X125 is looked for again by itself: deleted there, it is deleted after five minutes at most", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userMove("from/file", `${decomposed}/file`);
    await clock.pass(400_000);
    one.disk.userRemove(`${decomposed}/file`);
    await clock.pass(301_000);
    expect(typesSince()).toEqual(["delete"]);
    expect(two.disk.text("from/file")).toBeUndefined();
    expect(waiting(one)).toEqual([`${decomposed} clash`]);
    await one.stop();
    await two.stop();
  });

  it("X125 is looked for at once when the folder waits no more: what was deleted there, and the folder that it was in, are deleted", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userWrite("from/other", "other");
    await clock.pass(10_000);
    one.disk.userMove("from/file", `${decomposed}/file`);
    one.disk.userMove("from/other", `${decomposed}/other`);
    one.disk.userRemove("from");
    await clock.pass(400_000);
    one.disk.userRemove(`${decomposed}/file`);
    one.disk.userMove(decomposed, "named");
    await clock.pass(10_000);
    expect(typesSince().toSorted()).toEqual(["create", "create", "delete", "delete", "move"]);
    expect(waiting(one)).toEqual([]);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    await one.stop();
    await two.stop();
  });

  it("X124 is not deleted because the folder could not be listed for once", async () => {
    const { clock, one, two, typesSince } = await running();
    let left = 1;
    one.diskGate = (call, path) => {
      if (call === "list" && path === decomposed && left-- > 0) throw new DiskError("io", path);
    };
    one.disk.userMove("from/file", `${decomposed}/file`);
    await clock.pass(60_000);
    expect(left).toBeLessThan(1);
    expect(typesSince()).toEqual([]);
    expect(waiting(one)).toEqual([`${decomposed} clash`, "from/file moved-away"]);
    await one.stop();
    await two.stop();
  });

  it("X124 leaves its place to nothing else meanwhile: a folder made there waits for it", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userMove("from/file", `${decomposed}/file`);
    one.disk.userMakeFolder("from/file");
    one.disk.userWrite("from/file/below", "below");
    await clock.pass(60_000);
    expect(typesSince()).toEqual([]);
    expect(treeFaults(one.database, 10)).toEqual([]);
    one.disk.userMove(decomposed, "named");
    await clock.pass(10_000);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(typesSince().filter((type) => type === "delete")).toEqual([]);
    await one.stop();
    await two.stop();
  });

  it("X124 goes back to where it was, or on to elsewhere, as itself", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userMove("from/file", `${decomposed}/file`);
    await clock.pass(10_000);
    one.disk.userMove(`${decomposed}/file`, "from/file");
    await clock.pass(10_000);
    expect(typesSince()).toEqual([]);
    expect(waiting(one)).toEqual([`${decomposed} clash`]);
    one.disk.userMove("from/file", `${decomposed}/file`);
    await clock.pass(10_000);
    one.disk.userMove(`${decomposed}/file`, "elsewhere");
    await clock.pass(10_000);
    expect(typesSince()).toEqual(["move"]);
    expect(waiting(one)).toEqual([`${decomposed} clash`]);
    await one.stop();
    await two.stop();
  });

  it("X124 and edited there before anybody looked stays for everybody else, and comes with its edit when the folder has a name of its own", async () => {
    const { clock, one, two, typesSince } = await running();
    one.disk.userMove("from/file", `${decomposed}/file`);
    one.disk.userWrite(`${decomposed}/file`, "edited where nothing is synced");
    await clock.pass(1_200_000);
    expect(typesSince()).toEqual([]);
    expect(two.disk.text("from/file")).toBe("text");
    expect(waiting(one)).toEqual([`${decomposed} clash`, "from/file moved-away"]);
    one.disk.userMove(decomposed, "named");
    await clock.pass(10_000);
    expect(two.disk.text("named/file")).toBe("edited where nothing is synced");
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(waiting(one)).toEqual([]);
    await one.stop();
    await two.stop();
  });

  it("X124 changed or deleted by another device meanwhile, loses nothing", async () => {
    const { clock, one, two } = await running();
    one.disk.userMove("from/file", `${decomposed}/file`);
    await clock.pass(10_000);
    two.disk.userWrite("from/file", "changed by two");
    await clock.pass(60_000);
    one.disk.userMove(decomposed, "named");
    await clock.pass(400_000);
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(two.disk.listing().some((line) => line.endsWith(" changed by two"))).toBe(true);
    await one.stop();
    await two.stop();
  });
});

/** Another device moves the folder; then a person acts, and only after that this one's engine follows. */
async function movedMeanwhile(act: (one: Device) => void) {
  const house = await running();
  const { clock, one, two } = house;
  one.disk.userMakeFolder("a");
  one.disk.userMakeFolder("a/below");
  one.disk.userWrite(`a/below/${composed}`, "composed");
  await clock.pass(10_000);
  one.disk.userWrite(`a/below/${decomposed}`, "decomposed");
  await clock.pass(10_000);
  let isActed = false;
  one.diskGate = (call, path) => {
    if (isActed || call !== "move" || path !== "a") return;
    isActed = true;
    act(one);
  };
  two.disk.userMove("a", "b");
  await clock.pass(10_000);
  expect(isActed).toBe(true);
  return house;
}

describe("in a folder that another device moves at the same time, a file", () => {
  it("X126 that is moved to a name that waits there is not deleted", async () => {
    const { clock, one, two, typesSince } = await movedMeanwhile(({ disk }) => {
      disk.userRemove(`a/below/${decomposed}`);
      disk.userMove("from/file", `a/below/${decomposed}`);
    });
    await clock.pass(100_000);
    expect(typesSince()).not.toContain("delete");
    expect(waiting(one)).toEqual([`b/below/${decomposed} clash`, `${decomposed} clash`, "from/file moved-away"]);
    one.disk.userMove(`b/below/${decomposed}`, "b/below/good");
    await clock.pass(10_000);
    expect(two.disk.text("b/below/good")).toBe("text");
    await one.stop();
    await two.stop();
  });

  it("X126 that is written there comes to the others before the next look at everything", async () => {
    const { one, two } = await movedMeanwhile(({ disk }) => disk.userWrite("a/below/new", "new"));
    expect(two.disk.text("b/below/new")).toBe("new");
    await one.stop();
    await two.stop();
  });
});

it("X126 a folder that waits stays known as such when the engine moves the one that it is in", async () => {
  const { clock, one, two, typesSince } = await running();
  one.disk.userMakeFolder("a");
  one.disk.userMakeFolder(`a/${composed}`);
  await clock.pass(10_000);
  one.disk.userMakeFolder(`a/${decomposed}`);
  await clock.pass(10_000);
  two.disk.userMove("a", "b");
  await clock.pass(10_000);
  expect(waiting(one)).toEqual([`b/${decomposed} clash`, `${decomposed} clash`]);
  one.disk.userMove("from/file", `b/${decomposed}/file`);
  await clock.pass(10_000);
  expect(typesSince()).not.toContain("delete");
  expect(waiting(one)).toContain("from/file moved-away");
  await one.stop();
  await two.stop();
});
