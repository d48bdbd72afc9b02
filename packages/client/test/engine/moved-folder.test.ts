/** A folder that a person moves is told to the server first, and looked into then. */
import { describe, expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

type House = { clock: ManualClock; edge: SimulatedEdge; one: Device; two: Device };

/** Both run and are equal. */
async function running(): Promise<House> {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 1 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  one.disk.userMakeFolder("a");
  one.disk.userMakeFolder("a/below");
  one.disk.userMakeFolder("other");
  for (let index = 0; index < 30; index++) one.disk.userWrite(`a/below/file ${index}`, `text ${index}`);
  one.start();
  two.start();
  await clock.pass(10_000);
  return { clock, edge, one, two };
}

const typesFrom = ({ edge }: House, from: number) => edge.namespace.journal.slice(from).map(({ type }) => type);

async function expectEqual({ clock, one, two }: House): Promise<void> {
  await clock.pass(10_000);
  expect(two.disk.listing()).toEqual(one.disk.listing());
  await one.stop();
  await two.stop();
  expect(await one.syncOnce()).toMatchObject({ state: "equal", conflicts: [] });
}

describe("a folder that a person moves", () => {
  it("X119 is one change on the server before anything in it is looked at", async () => {
    const house = await running();
    const { one, edge, clock } = house;
    const before = edge.namespace.journal.length;
    const listed: string[] = [];
    one.diskGate = (call, path) => {
      if (call === "list" && path.startsWith("other/b")) listed.push(`${path} after ${edge.namespace.journal.length - before}`);
    };
    one.disk.userMove("a", "other/b");
    await clock.pass(3000);
    expect(typesFrom(house, before)).toEqual(["move"]);
    expect(listed).toEqual(["other/b after 1", "other/b/below after 1"]);
    await expectEqual(house);
    expect(typesFrom(house, before)).toEqual(["move"]);
  });

  it("X119 loses nothing of what is done in it before it is looked into", async () => {
    const house = await running();
    const { one, edge, clock } = house;
    const before = edge.namespace.journal.length;
    one.disk.userMove("a", "b");
    await clock.pass(400);
    one.disk.userWrite("b/below/file 3", "another text");
    one.disk.userWrite("b/below/new", "new");
    one.disk.userRemove("b/below/file 5");
    one.disk.userMove("b/below/file 7", "other/file 7");
    await expectEqual(house);
    expect(typesFrom(house, before).toSorted()).toEqual(["create", "delete", "move", "move", "update"]);
  });

  it("X119 is found again when it moves on, and when its folder does", async () => {
    const house = await running();
    const { one, edge, clock } = house;
    const before = edge.namespace.journal.length;
    for (const [from, to] of [
      ["a", "other/b"],
      ["other/b", "other/c"],
      ["other", "d"],
      ["d/c/below", "e"],
    ] as const) {
      one.disk.userMove(from, to);
      await clock.pass(350);
    }
    one.disk.userWrite("e/file 3", "another text");
    await expectEqual(house);
    expect(typesFrom(house, before)).not.toContain("delete");
    expect(typesFrom(house, before)).not.toContain("create");
  });

  it("X119 that is removed at once is gone", async () => {
    const house = await running();
    const { one, clock } = house;
    one.disk.userMakeFolder("small");
    one.disk.userWrite("small/file", "text");
    await clock.pass(3000);
    one.disk.userMove("small", "other/small");
    await clock.pass(350);
    one.disk.userRemove("other/small/file");
    one.disk.userRemove("other/small");
    await expectEqual(house);
  });

  it("X119 is looked into after a crash that came before", async () => {
    const house = await running();
    const { one, clock } = house;
    one.disk.userMove("a", "b");
    await clock.pass(400);
    one.kill();
    one.disk.userWrite("b/below/new", "new");
    one.start();
    await expectEqual(house);
  });
});
