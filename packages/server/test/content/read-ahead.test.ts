import { expect, test } from "vitest";
import { readAhead, ReadAheadMemory, type Piece } from "../../src/content/read-ahead.ts";

type Reading = { readonly index: number; done(): void; fail(error: Error): void };

/** Pieces that are read when the test says so. */
function pieces(sizes: readonly number[]) {
  const readings: Reading[] = [];
  let closed = false;
  async function* source(): AsyncGenerator<Piece<number>> {
    try {
      for (const [index, bytes] of sizes.entries()) {
        yield {
          bytes,
          read: () => new Promise((resolve, fail) => readings.push({ index, fail, done: () => resolve(index) })),
        };
      }
    } finally {
      closed = true;
    }
  }
  return { source: source(), readings, isClosed: () => closed };
}

const memoryOf = (bytesMax: number, now = () => 0) => new ReadAheadMemory({ bytesMax, msMax: 100, clock: { now } });
/** Everything that can happen without another piece being read. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("CT13 pieces are read side by side and handed on in order, within pieces and bytes of one stream", async () => {
  const { source, readings } = pieces([4, 4, 4, 4, 1, 1, 1, 1]);
  const reader = readAhead(source, { memory: memoryOf(1000), bytesMax: 13, piecesMax: 4 });
  const got: Promise<IteratorResult<number, void>>[] = [reader.next()];
  await settled();
  expect(readings.map(({ index }) => index)).toEqual([0, 1, 2]);
  readings[2]?.done();
  readings[1]?.done();
  readings[0]?.done();
  expect((await got[0])?.value).toBe(0);
  const second = reader.next();
  await settled();
  expect(readings.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  expect((await second).value).toBe(1);
});

test("CT13 a piece longer than a stream may have is read alone", async () => {
  const { source, readings } = pieces([20, 20]);
  const reader = readAhead(source, { memory: memoryOf(1000), bytesMax: 13, piecesMax: 4 });
  const first = reader.next();
  await settled();
  expect(readings).toHaveLength(1);
  readings[0]?.done();
  expect((await first).value).toBe(0);
});

test("CT13 streams of one isolate share its memory: who gets none reads one piece at a time, and gets more when another ends", async () => {
  const memory = memoryOf(8);
  const options = { memory, bytesMax: 100, piecesMax: 6 };
  const [one, two] = [pieces([4, 4, 4, 4]), pieces([4, 4, 4, 4])];
  const [first, second] = [readAhead(one.source, options), readAhead(two.source, options)];
  void first.next();
  await settled();
  void second.next();
  await settled();
  expect([one.readings.length, two.readings.length]).toEqual([2, 1]);
  one.readings[0]?.done();
  await settled();
  await first.return();
  two.readings[0]?.done();
  void second.next();
  await settled();
  expect(two.readings.length).toBe(3);
});

test("CT13 memory of a stream that ended without a word is free after a while", () => {
  let now = 0;
  const memory = memoryOf(8, () => now);
  expect(memory.lend(8)).toBeDefined();
  expect(memory.lend(1)).toBeUndefined();
  now = 99;
  expect(memory.lend(1)).toBeUndefined();
  now = 100;
  expect(memory.lend(8)).toBeDefined();
});

test("CT10 the first piece that cannot be read ends the stream in its place, and nothing is left unheard", async () => {
  const { source, readings, isClosed } = pieces([1, 1, 1, 1]);
  const memory = memoryOf(4);
  const reader = readAhead(source, { memory, bytesMax: 100, piecesMax: 4 });
  const first = reader.next();
  await settled();
  readings[2]?.fail(new Error("third"));
  readings[1]?.fail(new Error("second"));
  readings[0]?.done();
  expect((await first).value).toBe(0);
  await expect(reader.next()).rejects.toThrow("second");
  expect((await reader.next()).done).toBe(true);
  expect(isClosed()).toBe(true);
  expect(memory.lend(4)).toBeDefined();
});

test("CT12 a reader that leaves begins nothing more", async () => {
  const { source, readings, isClosed } = pieces([1, 1, 1, 1, 1, 1]);
  const reader = readAhead(source, { memory: memoryOf(100), bytesMax: 100, piecesMax: 2 });
  const first = reader.next();
  await settled();
  readings[0]?.done();
  await first;
  await reader.return();
  await settled();
  expect(readings).toHaveLength(2);
  expect(isClosed()).toBe(true);
});
