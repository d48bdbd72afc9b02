import { shareWork } from "../../src/common/abort.ts";
import { createBatcher } from "../../src/common/batcher.ts";
import { createBudget } from "../../src/common/budget.ts";
import { createBufferPool } from "../../src/common/buffer-pool.ts";
import { createTaskGroup } from "../../src/common/task-group.ts";
import { describe, expect, test } from "vitest";
import { settled } from "../support/clocks.ts";

const { signal } = new AbortController();

function batcher(run = async (keys: readonly number[]) => keys.map((key) => key * 10)) {
  const batches: number[][] = [];
  const ask = createBatcher<number, number>({
    batchMax: 3,
    run(keys) {
      batches.push([...keys]);
      return run(keys);
    },
  });
  return { ask, batches };
}

describe("batches", () => {
  test("U6 questions asked together leave together, in batches of at most so many, each with its own answer", async () => {
    const { ask, batches } = batcher();
    await expect(Promise.all([1, 2, 3, 4].map((key) => ask(key, signal)))).resolves.toEqual([10, 20, 30, 40]);
    await expect(ask(5, signal)).resolves.toBe(50);
    expect(batches).toEqual([[1, 2, 3], [4], [5]]);
  });

  test("U6 questions gather while a batch is under way", async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, batches } = batcher(async (keys) => {
      await gate.promise;
      return [...keys];
    });
    const first = ask(1, signal);
    await settled();
    const rest = [ask(2, signal), ask(3, signal)];
    await settled();
    expect(batches).toEqual([[1]]);
    gate.resolve();
    await Promise.all([first, ...rest]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test("U6 a batch that fails, or is answered in part, fails its questions and no others", async () => {
    const { ask } = batcher(async (keys) => {
      if (keys.includes(1)) throw new Error("no");
      return keys.includes(4) ? [] : [...keys];
    });
    const first = [1, 2, 3].map((key) => ask(key, signal));
    const second = ask(4, signal);
    for (const asked of first) await expect(asked).rejects.toThrow("no");
    await expect(second).rejects.toThrow("in part");
    await expect(ask(5, signal)).resolves.toBe(5);
  });

  test("U19 a question withdrawn before it left is not asked, and one withdrawn later holds up nobody", async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, batches } = batcher(async (keys) => {
      await gate.promise;
      return [...keys];
    });
    const stop = new AbortController();
    const gone = [ask(1, stop.signal)];
    await settled();
    gone.push(ask(2, stop.signal));
    const stayed = ask(3, signal);
    stop.abort(new Error("enough"));
    for (const asked of gone) await expect(asked).rejects.toThrow("enough");
    await settled();
    expect(batches).toEqual([[1], [3]]);
    gate.resolve();
    await expect(stayed).resolves.toBe(3);
  });
});

describe("budgets", () => {
  test("U7 no more is out than there is, and who asks first is served first", async () => {
    const budget = createBudget(10);
    const served: string[] = [];
    const take = async (name: string, amount: number) => {
      const give = await budget.take(amount, signal);
      served.push(name);
      return give;
    };
    const a = await take("a", 6);
    const b = take("b", 6);
    const c = take("c", 1);
    await settled();
    expect(served).toEqual(["a"]);
    a();
    a();
    await Promise.all([b, c]);
    expect(served).toEqual(["a", "b", "c"]);
    const d = take("d", 4);
    await settled();
    expect(served).toHaveLength(3);
    (await c)();
    (await d)();
  });

  test("U7 who asks for more than there is gets all there is", async () => {
    const budget = createBudget(10);
    const give = await budget.take(100, signal);
    let second = false;
    const waiting = budget.take(1, signal).then(() => (second = true));
    await settled();
    expect(second).toBe(false);
    give();
    await waiting;
  });

  test("U7 who stops waiting leaves the queue to the next", async () => {
    const budget = createBudget(10);
    const give = await budget.take(5, signal);
    const stop = new AbortController();
    const left = budget.take(10, stop.signal);
    const next = budget.take(5, signal);
    stop.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    await next;
    give();
  });

  test("U7 buffers are used again", async () => {
    const pool = createBufferPool(1, 10);
    const first = await pool.take(signal);
    const { bytes } = first;
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    using second = await pool.take(signal);
    expect(second.bytes).toBe(bytes);
    const stop = new AbortController();
    const third = pool.take(stop.signal);
    stop.abort(new Error("all are out"));
    await expect(third).rejects.toThrow("all are out");
  });
});

describe("tasks", () => {
  test("U8 the first failure aborts the other tasks and is the one that is told", async () => {
    await using group = createTaskGroup(signal);
    let aborted = false;
    group.start(async () => {
      await new Promise((resolve) => {
        group.signal.addEventListener("abort", resolve, { once: true });
      });
      aborted = true;
      throw new Error("second");
    });
    group.start(() => Promise.reject(new Error("first")));
    await expect(group.finished()).rejects.toThrow("first");
    expect(aborted).toBe(true);
  });

  test("U8 a group that is left waits until none of its tasks runs", async () => {
    const gate = Promise.withResolvers<void>();
    let ended = false;
    const leave = (async () => {
      await using group = createTaskGroup(signal);
      group.start(async () => {
        await gate.promise;
        ended = true;
      });
    })();
    await settled();
    gate.resolve();
    await leave;
    expect(ended).toBe(true);
  });

  test("U19 shared work is given up when the last who waits has left, and not before", async () => {
    const [one, two] = [new AbortController(), new AbortController()];
    let abandoned = 0;
    let workSignal: AbortSignal | undefined;
    const join = shareWork<never>(
      (given) => {
        workSignal = given;
        return new Promise(() => undefined);
      },
      () => abandoned++,
    );
    const waiting = [join(one.signal), join(two.signal)];
    one.abort(new Error("one"));
    await expect(waiting[0]).rejects.toThrow("one");
    expect([abandoned, workSignal?.aborted]).toEqual([0, false]);
    two.abort(new Error("two"));
    await expect(waiting[1]).rejects.toThrow("two");
    expect([abandoned, workSignal?.aborted]).toEqual([1, true]);
  });
});
