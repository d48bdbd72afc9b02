/** An account that is full: what does not fit waits, and nobody has to do anything but make room. */
import { expect, it } from "vitest";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

function full(quotaBytes: number) {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new SimulatedEdge();
  edge.quotaBytes = quotaBytes;
  return { clock, edge, device: new Device({ clock, edge, name: "one", seed: 1 }) };
}

const synced = (edge: SimulatedEdge) => [...edge.namespace.nodes.values()].map(({ name }) => name).toSorted();
const text = (bytes: number) => "x".repeat(bytes);

it("X70 what fits goes on, the rest waits, and is sent when space was freed", async () => {
  const { edge, device } = full(100);
  device.disk.userWrite("a", text(60));
  await device.syncOnce();
  device.disk.userWrite("large", text(70));
  device.disk.userWrite("larger", text(90));
  for (const name of ["one", "two", "three"]) device.disk.userWrite(name, text(10));
  const outcome = await device.syncOnce();
  expect(outcome.state).toBe("waiting");
  expect(outcome.waiting.map(({ path, reason }) => [path, reason])).toEqual([
    ["large", "over-quota"],
    ["larger", "over-quota"],
  ]);
  expect(synced(edge)).toEqual(["a", "one", "three", "two"]);
  device.disk.userRemove("a");
  const next = await device.syncAgain();
  expect(next.waiting.map(({ path }) => path)).toEqual(["larger"]);
  expect(synced(edge)).toEqual(["large", "one", "three", "two"]);
  // Nothing is asked over and over meanwhile.
  const { commits } = edge;
  await device.syncOnce();
  expect(edge.commits - commits).toBeLessThanOrEqual(1);
});

it("X70 a running engine finds out by itself that the quota was raised", async () => {
  const { clock, edge, device } = full(50);
  device.disk.userWrite("large", text(70));
  device.start();
  await clock.pass(60_000);
  expect(device.engine.status()).toMatchObject({ state: "waiting", waiting: [{ path: "large", reason: "over-quota" }] });
  edge.quotaBytes = 100;
  await clock.pass(10 * 60_000);
  expect(device.engine.status()).toMatchObject({ state: "equal", waiting: [] });
  expect(synced(edge)).toEqual(["large"]);
  await device.stop();
});

it("X70 an edit that makes a file too large waits, and the version before stays", async () => {
  const { edge, device } = full(100);
  device.disk.userWrite("f", text(60));
  await device.syncOnce();
  device.disk.userWrite("f", text(101));
  expect((await device.syncOnce()).waiting).toMatchObject([{ path: "f", reason: "over-quota" }]);
  expect([...edge.namespace.nodes.values()]).toMatchObject([{ name: "f", size: 60 }]);
  device.disk.userWrite("f", text(100));
  expect((await device.syncAgain()).waiting).toEqual([]);
  expect([...edge.namespace.nodes.values()]).toMatchObject([{ name: "f", size: 100 }]);
});
