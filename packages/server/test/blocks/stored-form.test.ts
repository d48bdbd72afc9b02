import { toHex } from "@ashlar/shared/encoding";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { readPlainBlock } from "../../src/blocks/read-block.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import { formOf, metadataOf } from "../../src/blocks/stored-form.ts";
import { hashOf, newBlock, newUser, type TestBlock } from "../support/blocks.ts";
import { manualClock, memoryBucket, type MemoryBucket, noSleep, sha256, unzstd } from "../support/ports.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

function textBlock(seed: string): TestBlock {
  const bytes = new TextEncoder().encode(`${seed}, and so on. `.repeat(10_000));
  return { hash: hashOf(bytes), size: bytes.length, bytes };
}

function compressed({ bytes }: TestBlock) {
  const frame = zstdCompressSync(bytes);
  return { bytes: frame, sha256: toHex(sha256(frame)) };
}

function setUp(bucket: MemoryBucket = memoryBucket()) {
  const db = sqliteD1("blocks");
  const ports = { shards: [db], bucket, clock: manualClock(), sleep: noSleep };
  const row = () => db.raw.prepare("SELECT encoding, stored_size AS bytes, state FROM blocks").get();
  return { bucket, ports, row, read: (block: TestBlock) => readPlainBlock({ bucket, unzstd, sha256 }, block.hash) };
}

test("Y18 a compressed block is stored as sent, says so itself, and reads back plain", async () => {
  const { bucket, ports, row, read } = setUp();
  const block = textBlock("a");
  const frame = compressed(block);
  expect(await storeBlock(ports, newUser(), block, block.bytes, frame)).toEqual({ type: "stored", sent: true });
  expect(bucket.objects.get(blockKey(block.hash))).toEqual(new Uint8Array(frame.bytes));
  expect(await bucket.head(blockKey(block.hash))).toEqual({
    size: frame.bytes.length,
    customMetadata: { encoding: "zstd", size: String(block.size) },
  });
  expect(row()).toEqual({ encoding: "zstd", bytes: frame.bytes.length, state: "stored" });
  expect(await read(block)).toEqual({ state: "whole", bytes: block.bytes });
});

test("Y18 a frame that is not smaller than its block is not stored: the plain bytes are", async () => {
  const { bucket, ports, row } = setUp();
  const block = newBlock(1000);
  await storeBlock(ports, newUser(), block, block.bytes, compressed(block));
  expect(bucket.objects.get(blockKey(block.hash))).toEqual(new Uint8Array(block.bytes));
  expect(row()).toEqual({ encoding: "identity", bytes: block.size, state: "stored" });
});

for (const first of ["plain", "compressed"] as const) {
  test(`Y20 of two uploaders at once whose forms differ, the ${first} one stands, and both have the block`, async () => {
    const block = textBlock("race");
    const frame = compressed(block);
    const forms = first === "plain" ? [undefined, frame] : [frame, undefined];
    // The second is turned away, after the first has written.
    const inner = memoryBucket();
    const bucket: MemoryBucket = {
      ...inner,
      put: async (key, body, options) => {
        if (inner.objects.has(key)) throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
        await inner.put(key, body, options);
      },
    };
    const { ports, row, read } = setUp(bucket);
    const users = [newUser(), newUser()];
    await Promise.all(users.map((user, at) => storeBlock(ports, user, block, block.bytes, forms[at])));
    expect(row()).toEqual({
      encoding: first === "plain" ? "identity" : "zstd",
      bytes: inner.objects.get(blockKey(block.hash))?.length,
      state: "stored",
    });
    expect(await read(block)).toEqual({ state: "whole", bytes: block.bytes });
    for (const user of users) expect(await createBlockIndex(ports).have(user, [block.hash])).toEqual(new Set([block.hash]));
  });
}

test("Y20 the object's own word counts, also when the row was written by the loser of a race", async () => {
  const { bucket, ports, row, read } = setUp();
  const block = textBlock("overwritten");
  await storeBlock(ports, newUser(), block, block.bytes);
  const frame = compressed(block);
  await bucket.put(blockKey(block.hash), frame.bytes, { customMetadata: metadataOf({ encoding: "zstd", size: block.size }) });
  expect(row()).toMatchObject({ encoding: "identity" });
  expect(await read(block)).toEqual({ state: "whole", bytes: block.bytes });
});

test("Y21 what is missing, cut short, of other bytes, or in another form than it says is told apart from a whole block", async () => {
  const { bucket, read } = setUp();
  const block = textBlock("damage");
  const { bytes: frame } = compressed(block);
  const zstd = metadataOf({ encoding: "zstd", size: block.size });
  expect(await read(block)).toEqual({ state: "missing" });
  const damaged: [Uint8Array, Record<string, string>][] = [
    [block.bytes.subarray(1), {}],
    [new Uint8Array(0), {}],
    [frame, {}],
    [block.bytes, zstd],
    [frame.subarray(1), zstd],
    [frame.subarray(0, -1), zstd],
    [frame, { encoding: "zstd" }],
    [zstdCompressSync(block.bytes.subarray(1)), metadataOf({ encoding: "zstd", size: block.size - 1 })],
  ];
  for (const [bytes, customMetadata] of damaged) {
    await bucket.put(blockKey(block.hash), bytes, { customMetadata });
    expect(await read(block)).toEqual({ state: "damaged" });
  }
  await bucket.put(blockKey(block.hash), frame, { customMetadata: zstd });
  expect(await read(block)).toEqual({ state: "whole", bytes: block.bytes });
});

test("Y20 a form's metadata is read back as it was, and none is the plain form", () => {
  expect(formOf({ size: 10, customMetadata: metadataOf({ encoding: "zstd", size: 99 }) })).toEqual({ encoding: "zstd", size: 99 });
  expect(formOf({ size: 10 })).toEqual({ encoding: "identity", size: 10 });
});
