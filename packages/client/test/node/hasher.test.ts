import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { openHasher, type HashThread, type Hasher } from "../../src/node/hasher.ts";
import { MiB, noise } from "../support/content.ts";

const program = new URL("../../src/node/hash-thread.ts", import.meta.url);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Real threads, and the orders they were given. */
function watched(): { threads: Worker[]; orders: unknown[]; start: () => HashThread } {
  const threads: Worker[] = [];
  const orders: unknown[] = [];
  const start = () => {
    const thread = new Worker(program);
    const post = thread.postMessage.bind(thread);
    thread.postMessage = (order: unknown) => {
      orders.push(order);
      post(order);
    };
    threads.push(thread);
    return thread;
  };
  return { threads, orders, start };
}

function block(hasher: Hasher, seed: number): Uint8Array {
  const bytes = hasher.memory(MiB);
  bytes.set(noise(MiB, seed));
  return bytes;
}

/** What comes while the thread starts is hashed here. */
async function warm(hasher: Hasher, orders: readonly unknown[]): Promise<void> {
  const bytes = block(hasher, 0);
  while (orders.length === 0) {
    await hasher.hashBlock(bytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("U23 long blocks in shared memory are hashed by one thread, each as it is", async () => {
  const { threads, orders, start } = watched();
  await using hasher = openHasher(start);
  await warm(hasher, orders);
  const before = orders.length;
  const blocks = Array.from({ length: 20 }, (_, index) => block(hasher, index).subarray(index, MiB - 7 * index));
  const hashes = await Promise.all(blocks.map(async (bytes) => hasher.hashBlock(bytes)));
  expect(hashes).toEqual(blocks.map(sha256));
  expect(orders.length - before).toBe(20);
  expect(threads).toHaveLength(1);
});

test("U23 short blocks, and those in memory of their own, are hashed at once", async () => {
  const { threads, start } = watched();
  await using hasher = openHasher(start);
  const long = noise(MiB, 1);
  const short = block(hasher, 2).subarray(0, 64 * 1024);
  expect(hasher.hashBlock(long)).toBe(sha256(long));
  expect(hasher.hashBlock(short)).toBe(sha256(short));
  expect(threads).toHaveLength(0);
});

test("U23 what a thread that ends has not answered is hashed here, and so is all that follows", async () => {
  const { threads, orders, start } = watched();
  await using hasher = openHasher(start);
  await warm(hasher, orders);
  const blocks = Array.from({ length: 20 }, (_, index) => block(hasher, index));
  const hashes = Promise.all(blocks.map(async (bytes) => hasher.hashBlock(bytes)));
  await threads[0]?.terminate();
  expect(await hashes).toEqual(blocks.map(sha256));
  const count = orders.length;
  const [last = new Uint8Array()] = blocks;
  expect(hasher.hashBlock(last)).toBe(sha256(last));
  expect(orders).toHaveLength(count);
  expect(threads).toHaveLength(1);
});

test.each([
  [
    "cannot be made",
    () => {
      throw new Error("no more threads");
    },
  ],
  ["fails as it starts", () => new Worker(new URL("no-such-thread.ts", program))],
])("U23 when the thread %s, all is hashed here", async (_, start) => {
  await using hasher = openHasher(start);
  for (let round = 0; round < 20; round++) {
    const bytes = block(hasher, round);
    expect(await hasher.hashBlock(bytes)).toBe(sha256(bytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("U23 a process ends by itself although its thread has not, and waits for what it was asked", async () => {
  const script = `
    import { openHasher } from ${JSON.stringify(new URL("../../src/node/hasher.ts", import.meta.url).href)};
    import { setTimeout } from "node:timers/promises";
    const hasher = openHasher();
    const bytes = hasher.memory(${MiB});
    let last;
    while (!((last = hasher.hashBlock(bytes)) instanceof Promise)) await setTimeout(1);
    last.then((hash) => console.log(hash));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(stdout.trim()).toBe(sha256(new Uint8Array(MiB)));
});
