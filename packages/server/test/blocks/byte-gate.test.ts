import { rebuildBytesMax, rebuildMsMax, rebuildsWaitingMax, rebuildWaitMsMax } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteGate } from "../../src/blocks/byte-gate.ts";

/** A task that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let running = false;
  const task = async () => {
    running = true;
    await promise;
    running = false;
  };
  return { task, end: resolve, isRunning: () => running };
}

/** No time passes, but everybody else has a turn. */
const sleep = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A gate whose time stands still unless a test moves it. */
function newGate(bytesMax: number, waitingMax: number, clock = { now: () => 0 }) {
  return new ByteGate({ bytesMax, waitingMax, waitMsMax: rebuildWaitMsMax, runMsMax: rebuildMsMax, clock, sleep });
}

/** What a dropped request does: nothing more. */
const never = () => new Promise<never>(() => {});

const of = (bytes: number, owner = "ada") => ({ owner, bytes });

const settled = async () => {
  for (let turn = 0; turn < 3; turn++) await sleep();
};

test("Y7 tasks run side by side as long as their bytes fit, and the others in the order they came", async () => {
  const gate = newGate(rebuildBytesMax, 10);
  const tasks = [held(), held(), held(), held()];
  const bytes = [rebuildBytesMax / 2, rebuildBytesMax / 2, rebuildBytesMax, 1];
  const runs = tasks.map(({ task }, at) => gate.run(of(bytes[at] ?? 0), task));
  await settled();
  const running = () => tasks.map(({ isRunning }) => isRunning());
  expect(running()).toEqual([true, true, false, false]);
  tasks[0]?.end();
  await settled();
  // A small task does not overtake a large one, which would never get its turn.
  expect(running()).toEqual([false, true, false, false]);
  tasks[1]?.end();
  await settled();
  expect(running()).toEqual([false, false, true, false]);
  tasks[2]?.end();
  tasks[3]?.end();
  await Promise.all(runs);
  await gate.run(of(rebuildBytesMax * 2), async () => {});
});

test("Y7 as many wait as may, one more is told to try again, and a failed task makes room", async () => {
  const gate = newGate(10, rebuildsWaitingMax);
  const first = held();
  const failing = gate.run(of(10), async () => {
    await first.task();
    throw new Error("it failed");
  });
  const waiting = Array.from({ length: rebuildsWaitingMax }, (_, at) => gate.run(of(10), async () => at));
  await expect(gate.run(of(1), async () => {})).rejects.toMatchObject({ code: "try-again", retryAfterS: 1 });
  first.end();
  await expect(failing).rejects.toThrow("it failed");
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: rebuildsWaitingMax }, (_, at) => at));
});

test("Y7 never more bytes are in use than the gate has, whatever comes and goes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(12), fc.nat(5)), { maxLength: 40 }), async (sizes) => {
      const gate = newGate(10, 100);
      let used = 0;
      const runs = sizes.map(([bytes, turns]) =>
        gate.run(of(bytes), async () => {
          used += Math.min(bytes, 10);
          expect(used).toBeLessThanOrEqual(10);
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
          used -= Math.min(bytes, 10);
        }),
      );
      await Promise.all(runs);
      expect(used).toBe(0);
    }),
  );
});

test("Y23 one who sends many tasks keeps another, who sends one, waiting for no more than what runs", async () => {
  const gate = newGate(10, 100);
  const [long, short] = [held(), held()];
  const runs = [gate.run(of(5, "eve"), long.task), gate.run(of(5, "eve"), short.task)];
  const later: string[] = [];
  for (const owner of ["eve", "eve", "ada"]) runs.push(gate.run(of(5, owner), async () => void later.push(owner)));
  short.end();
  await settled();
  expect(later[0]).toBe("ada");
  long.end();
  await Promise.all(runs);
});

test("Y23 where the queue is full, the newest of who waits most often is told to try again, and not who comes", async () => {
  const gate = newGate(10, 4);
  const first = held();
  const running = gate.run(of(10, "eve"), first.task);
  const waiting = [1, 2, 3, 4].map((at) => gate.run(of(10, "eve"), async () => at));
  const ada = gate.run(of(10, "ada"), async () => "ada");
  await expect(waiting[3]).rejects.toMatchObject({ code: "try-again", retryAfterS: 1 });
  await expect(gate.run(of(10, "eve"), async () => {})).rejects.toMatchObject({ code: "try-again" });
  first.end();
  await running;
  expect(await Promise.all([...waiting.slice(0, 3), ada])).toEqual([1, 2, 3, "ada"]);
});

test("Y24 the bytes of a task that vanished, as a dropped request does, and its place in the queue come back in time", async () => {
  let now = 0;
  const gate = newGate(10, 2, { now: () => now });
  void gate.run(of(10, "eve"), never);
  const left = gate.run(of(10, "eve"), never);
  now = rebuildWaitMsMax - 1;
  const waits = gate.run(of(5, "ada"), never);
  now = rebuildWaitMsMax;
  await expect(left).rejects.toMatchObject({ code: "try-again" });
  now = rebuildWaitMsMax + 1;
  const next = gate.run(of(10, "bob"), async () => "bob");
  now = rebuildMsMax - 1;
  await expect(waits).rejects.toMatchObject({ code: "try-again" });
  expect(await Promise.race([next, settled()])).toBeUndefined();
  now = rebuildMsMax;
  // Nobody comes: it finds out by itself.
  expect(await next).toBe("bob");
});
