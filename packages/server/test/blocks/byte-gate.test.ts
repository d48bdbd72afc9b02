import { rebuildBytesMax, rebuildsWaitingMax } from "@ashlar/shared/limits";
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

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

test("Y7 tasks run side by side as long as their bytes fit, and the others in the order they came", async () => {
  const gate = new ByteGate({ bytesMax: rebuildBytesMax, waitingMax: 10 });
  const tasks = [held(), held(), held(), held()];
  const bytes = [rebuildBytesMax / 2, rebuildBytesMax / 2, rebuildBytesMax, 1];
  const runs = tasks.map(({ task }, at) => gate.run(bytes[at] ?? 0, task));
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
  await gate.run(rebuildBytesMax * 2, async () => {});
});

test("Y7 as many wait as may, one more is told to try again, and a failed task makes room", async () => {
  const gate = new ByteGate({ bytesMax: 10, waitingMax: rebuildsWaitingMax });
  const first = held();
  const failing = gate.run(10, async () => {
    await first.task();
    throw new Error("it failed");
  });
  const waiting = Array.from({ length: rebuildsWaitingMax }, (_, at) => gate.run(10, async () => at));
  await expect(gate.run(1, async () => {})).rejects.toMatchObject({ code: "try-again", retryAfterS: 1 });
  first.end();
  await expect(failing).rejects.toThrow("it failed");
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: rebuildsWaitingMax }, (_, at) => at));
});

test("Y7 never more bytes are in use than the gate has, whatever comes and goes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(12), fc.nat(5)), { maxLength: 40 }), async (sizes) => {
      const gate = new ByteGate({ bytesMax: 10, waitingMax: 100 });
      let used = 0;
      const runs = sizes.map(([bytes, turns]) =>
        gate.run(bytes, async () => {
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
