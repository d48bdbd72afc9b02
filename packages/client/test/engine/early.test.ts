/** What one device is sending, told to the others before its commit. */
import type { BlockHash, DeviceId } from "@ashlar/shared/ids";
import { sendingHashesMax, sendingMs } from "@ashlar/shared/limits";
import { expect, it } from "vitest";
import { Announcer } from "../../src/engine/announcer.ts";
import { type EarlyFetching, UnreachableError } from "../../src/ports.ts";
import { manualClock } from "../support/clocks.ts";
import { Device } from "../support/device.ts";
import { fillable } from "../support/fillable-database.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

const hashes = Array.from({ length: 2 * sendingHashesMax + 1 }, (_, index) => index.toString(16).padStart(64, "0") as BlockHash);
const [one, two, three] = hashes as [BlockHash, BlockHash, BlockHash];

function announcer() {
  const clock = manualClock();
  const stop = new AbortController();
  const told: (readonly BlockHash[])[] = [];
  const announces = new Announcer(clock);
  const open = () => announces.open((some) => told.push(some), stop.signal);
  return { clock, stop, told, announces, open };
}

it("X145 blocks that were sent are told together, at once when there are many, and what nobody listens to is forgotten", async () => {
  const { clock, told, announces, open } = announcer();
  announces.sent(three);
  open();
  announces.sent(one);
  await clock.advance(sendingMs - 1);
  announces.sent(two);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([[one, two]]);
  for (const hash of hashes) announces.sent(hash);
  expect(told.slice(1)).toEqual([hashes.slice(0, sendingHashesMax), hashes.slice(sendingHashesMax, 2 * sendingHashesMax)]);
  await clock.advance(sendingMs);
  expect(told.slice(3)).toEqual([hashes.slice(2 * sendingHashesMax)]);
});

it("X145 what waits to be told when a commit is answered, or the engine ends, is not told", async () => {
  const { clock, stop, told, announces, open } = announcer();
  open();
  announces.sent(one);
  announces.forget();
  await clock.advance(sendingMs);
  announces.sent(two);
  stop.abort();
  announces.sent(three);
  await clock.advance(2 * sendingMs);
  expect(told).toEqual([]);
});

const text = "some text that is longer than what travels in a commit";

function pair() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  const [a, b] = ["a", "b"].map((name, index) => new Device({ clock, edge, name, seed: index + 1 })) as [Device, Device];
  const fetches: string[] = [];
  b.edgeGate = (call, when) => void (call === "fetch" && when === "before" && fetches.push(call));
  return { clock, edge, a, b, fetches };
}

it("X146 what another device is sending is fetched while its commit is on its way", async () => {
  const { clock, edge, a, b, fetches } = pair();
  a.start();
  b.start();
  await clock.pass(5000);
  // The line goes down before the commit.
  a.edgeGate = (call) => {
    if (call === "commit") a.isOnline = false;
  };
  a.disk.userWrite("file", text);
  await clock.pass(10_000);
  const early = fetches.length;
  expect([early > 0, edge.commits]).toEqual([true, 0]);
  a.edgeGate = () => undefined;
  a.isOnline = true;
  await clock.pass(60_000);
  expect([b.disk.text("file"), fetches.length]).toEqual([text, early]);
  await Promise.all([a.stop(), b.stop()]);
});

it("X146 nothing is fetched so while the edge cannot be reached", async () => {
  const { clock, edge, b, fetches } = pair();
  b.start();
  await clock.pass(5000);
  const { edgeGate } = b;
  b.edgeGate = (call, when) => {
    edgeGate(call, when);
    if (call === "changes") throw new UnreachableError("the line is dead");
  };
  edge.blocks.set(one, new TextEncoder().encode(text));
  b.engine.refresh();
  await clock.pass(2000);
  edge.tellOthers("nobody" as DeviceId, [one]);
  await clock.pass(2000);
  expect(fetches).toEqual([]);
  b.edgeGate = edgeGate;
  await clock.pass(60_000);
  edge.tellOthers("nobody" as DeviceId, [one]);
  await clock.pass(2000);
  expect(fetches).toHaveLength(1);
  await b.stop();
});

it("X147 a device whose own state is full keeps nothing that came so, and a sync that ends by itself asks for none", async () => {
  const calls: string[] = [];
  const early: EarlyFetching = {
    hear: () => undefined,
    makeRoom: () => void calls.push("makes room"),
    [Symbol.asyncDispose]: async () => void calls.push("ends"),
  };
  const { clock, b } = pair();
  b.fetchEarly = () => {
    calls.push("begins");
    return early;
  };
  await b.syncOnce();
  expect(calls).toEqual([]);
  const disk = fillable(b.database);
  b.database = disk.database;
  b.start();
  await clock.pass(5000);
  expect(calls).toEqual(["begins"]);
  disk.room = 0;
  b.disk.userWrite("file", text);
  await clock.pass(5000);
  expect(new Set(calls)).toEqual(new Set(["begins", "makes room"]));
  disk.room = Infinity;
  await clock.pass(60_000);
  await b.stop();
  expect(calls.at(-1)).toBe("ends");
});
