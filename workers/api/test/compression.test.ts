/** Blocks that travel and are stored compressed. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { createUrlSigner } from "@ashlar/server/blocks/signed-url";
import { metadataOf } from "@ashlar/server/blocks/stored-form";
import { blockBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { acceptEncodingHeader, encodingHeader } from "@ashlar/shared/protocol/block";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { indexShards } from "../src/env.ts";
import {
  check,
  editOf,
  expectProblem,
  frameOf,
  hashOf,
  newBlock,
  newDevice,
  put,
  send,
  sendDelta,
  type Signed,
  type TestBlock,
} from "./support.ts";

const signer = createUrlSigner((message) => hmacSha256(env.URL_KEY, message));
const zstd = { [encodingHeader]: "zstd" };
const acceptsZstd = { [acceptEncodingHeader]: "zstd" };

/** Compresses to some kilobytes: the platform's compressor fails above 40. */
function textBlock(size = 300_000): TestBlock {
  const bytes = new Uint8Array(size);
  const line = newBlock(500).bytes;
  for (let at = 0; at < size; at += line.length) bytes.set(line.subarray(0, size - at), at);
  return { hash: hashOf(bytes), size, bytes };
}

const frameFrom = (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes));
const sendZstd = (as: Signed, { hash }: TestBlock, frame: Uint8Array) =>
  send("PUT", `/v1/blocks/${hash}`, { as, body: new Uint8Array(frame), headers: zstd });
const addressOf = (as: Signed, { hash }: TestBlock) => signer.sign({ user: as.user, kind: "b", key: hash, now: Date.now() });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

function untilCached({ user }: Signed, { hash }: TestBlock): Promise<void> {
  return expect.poll(() => caches.default.match(`https://objects.ashlar.internal/${user}/b/${hash}`)).toBeDefined();
}

async function rowOf({ hash }: TestBlock) {
  const rows = await Promise.all(
    indexShards(env).map((db) => db.prepare("SELECT encoding, size, stored_size FROM blocks WHERE hash = ?").bind(hash).first()),
  );
  return rows.find((row) => row !== null);
}

/** The object, as its bytes and what it says of itself. */
async function stored({ hash }: TestBlock) {
  const object = await env.BLOCKS.get(`b/${hash}`);
  return { bytes: new Uint8Array((await object?.arrayBuffer()) ?? []), form: object?.customMetadata };
}

test("Y17 a block sent compressed is stored under the hash of its plain bytes, and its user has it", async () => {
  const as = await newDevice();
  const block = textBlock(blockBytesMax);
  expect((await sendZstd(as, block, frameFrom(block.bytes))).status).toBe(204);
  expect(await check(as, [block])).toEqual({ states: ["have"] });
  const { bytes, form } = await stored(block);
  expect(form).toEqual({ encoding: "zstd", size: String(block.size) });
  expect(new Uint8Array(zstdDecompressSync(bytes))).toEqual(block.bytes);
  expect(await rowOf(block)).toEqual({ encoding: "zstd", size: block.size, stored_size: bytes.length });
});

for (const [what, makeBlock] of Object.entries({
  "that compresses": () => textBlock(),
  "that compresses to more than the platform takes at once": () => halfRandom(400_000),
  "that does not compress": () => newBlock(200_000),
})) {
  test(`B28 a block ${what} is stored alike, whoever sends it in whichever form, or as a delta`, async () => {
    const base = makeBlock();
    const block = editOf(base);
    const [first, second, third, fourth] = [await newDevice(0), await newDevice(1), await newDevice(2), await newDevice(3)];
    await put(first, block);
    const plain = await stored(block);
    // A frame of raw blocks, as nobody else would send it.
    for (const [as, frame] of [
      [second, frameOfRawBlocks(block.bytes)],
      [third, frameOfRawBlocks(block.bytes, 1000)],
    ] as const) {
      expect((await sendZstd(as, block, frame)).status).toBe(204);
      expect(await stored(block)).toEqual(plain);
    }
    await put(fourth, base);
    expect((await sendDelta(fourth, block, frameOf(block, base))).status).toBe(204);
    expect(await stored(block)).toEqual(plain);
    expect((plain.form ?? {})["encoding"]).toBe(what === "that does not compress" ? undefined : "zstd");
  });
}

/** A valid frame with nothing compressed in it. */
function frameOfRawBlocks(bytes: Uint8Array, blockBytes = 100_000): Uint8Array {
  const head = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  new DataView(head.buffer).setUint32(5, bytes.length, true);
  const pieces = [head];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const piece = bytes.slice(at, at + blockBytes);
    const isLast = at + blockBytes >= bytes.length;
    const word = (piece.length << 3) | Number(isLast);
    pieces.push(new Uint8Array([word & 255, (word >> 8) & 255, word >> 16]), piece);
  }
  const frame = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** Shrinks to some three quarters. */
function halfRandom(size: number): TestBlock {
  const bytes = newBlock(size).bytes.map((byte) => byte & 0x3f);
  return { hash: hashOf(bytes), size, bytes };
}

/** Lines as services log them: long matches and chance by turns, so that frames grow in every way. */
function recordsBlock(size: number): TestBlock {
  const bytes = new Uint8Array(size).fill(0x20);
  for (let at = 0, id = 0; ; id++) {
    const line = new TextEncoder().encode(
      `${JSON.stringify({ id, user: crypto.randomUUID(), title: "amber basalt cedar", amount: id / 100 })}\n`,
    );
    if (at + line.length > size) break;
    bytes.set(line, at);
    at += line.length;
  }
  return { hash: hashOf(bytes), size, bytes };
}

test("B28 a block of records is stored compressed, of whatever length", async () => {
  const as = await newDevice();
  for (const size of [packBlockBytesMax + 1, 130_000, 500_000, 1_000_000, 2_500_000, blockBytesMax]) {
    const block = recordsBlock(size);
    await put(as, block);
    const { bytes, form } = await stored(block);
    expect(form).toEqual({ encoding: "zstd", size: String(size) });
    expect(bytes.length).toBeLessThan(size / 2);
    expect(hashOf(new Uint8Array(zstdDecompressSync(bytes)))).toBe(block.hash);
  }
});

test("Y17 a small block, or one that compression does not shorten, is stored plain", async () => {
  const as = await newDevice();
  const [small, random] = [textBlock(packBlockBytesMax), newBlock(packBlockBytesMax + 1)];
  const raw = frameOfRawBlocks(random.bytes);
  expect((await sendZstd(as, small, frameFrom(small.bytes))).status).toBe(204);
  expect((await sendZstd(as, random, raw)).status).toBe(204);
  expect(await check(as, [small, random])).toEqual({ states: ["have", "have"] });
  const object = await env.BLOCKS.get(`b/${random.hash}`);
  expect(object?.customMetadata ?? {}).toEqual({});
  expect(new Uint8Array((await object?.arrayBuffer()) ?? [])).toEqual(random.bytes);
  expect(await env.BLOCKS.head(`b/${small.hash}`)).toBeNull();
});

test("Y19 bombs, cut and lengthened frames, plain bytes, other content and unknown encodings are refused before anything is stored", async () => {
  const as = await newDevice();
  const block = textBlock();
  const frame = frameFrom(block.bytes);
  const bomb = frameFrom(new Uint8Array(64 * 1024 * 1024));
  const lying = bomb.slice();
  new DataView(lying.buffer).setUint32(6, block.size, true);
  const attempts: [Uint8Array, Parameters<typeof expectProblem>[1]][] = [
    [bomb, "too-large"],
    [frameFrom(new Uint8Array(blockBytesMax + 1)), "too-large"],
    [lying, "bad-request"],
    [frame.subarray(0, -1), "bad-request"],
    [frame.subarray(0, 5), "bad-request"],
    [new Uint8Array([...frame, 0]), "bad-request"],
    [new Uint8Array([...frame, ...frame]), "bad-request"],
    [block.bytes, "bad-request"],
    [frameFrom(new Uint8Array(0)), "bad-request"],
    [new Uint8Array(0), "bad-request"],
    [frameFrom(textBlock().bytes), "hash-mismatch"],
  ];
  for (const [body, code] of attempts) await expectProblem(await sendZstd(as, block, body), code);
  for (const encoding of ["gzip", "ZSTD", "identity, zstd", ""]) {
    const headers = { [encodingHeader]: encoding };
    await expectProblem(await send("PUT", `/v1/blocks/${block.hash}`, { as, body: frame, headers }), "bad-request");
  }
  // What is compressed is not named by what it is compressed to.
  await expectProblem(await sendZstd(as, { ...block, hash: hashOf(frame) }, frame), "hash-mismatch");
  expect(await env.BLOCKS.head(`b/${block.hash}`)).toBeNull();
  expect(await rowOf(block)).toBeUndefined();
  expect((await send("PUT", `/v1/blocks/${block.hash}`, { as, body: block.bytes, headers: { [encodingHeader]: "identity" } })).status).toBe(
    204,
  );
});

test("Y19 any change of a compressed block is refused as the client's mistake, or is the block", async () => {
  const as = await newDevice();
  const block = textBlock();
  const frame = frameFrom(block.bytes);
  await fc.assert(
    fc.asyncProperty(fc.nat(frame.length - 1), fc.nat(255), fc.nat(2), async (at, value, cut) => {
      const response = await sendZstd(as, block, frame.with(at, value).subarray(0, frame.length - cut));
      await response.arrayBuffer();
      expect(response.status === 204 || (response.status >= 400 && response.status < 500)).toBe(true);
    }),
    { numRuns: 200 },
  );
}, 60_000);

for (const from of ["the bucket", "the edge cache"] as const) {
  test(`Y18 from ${from}, a compressed block is given as stored to who takes that, and plain to others and in ranges`, async () => {
    const as = await newDevice();
    const block = textBlock();
    await sendZstd(as, block, frameFrom(block.bytes));
    const { bytes: frame } = await stored(block);
    const path = addressOf(as, block);
    const get = (headers: Record<string, string> = {}) => send("GET", path, { as, headers });
    if (from === "the edge cache") {
      await (await get()).arrayBuffer();
      await untilCached(as, block);
      await env.BLOCKS.delete(`b/${block.hash}`);
    }
    for (const accept of ["zstd", "identity, zstd", "br,zstd"]) {
      const answer = await get({ [acceptEncodingHeader]: accept });
      expect(answer.headers.get(encodingHeader)).toBe("zstd");
      expect(answer.headers.get("content-length")).toBe(String(frame.length));
      expect(answer.headers.get("etag")).toBe(`"${block.hash}-zstd"`);
      expect(answer.headers.get("vary")).toBe(acceptEncodingHeader);
      expect(answer.headers.get("content-encoding")).toBeNull();
      expect(await bytesOf(answer)).toEqual(frame);
    }
    for (const headers of [{}, { [acceptEncodingHeader]: "br" }]) {
      const plain = await get(headers);
      expect(plain.headers.get(encodingHeader)).toBeNull();
      expect(plain.headers.get("content-length")).toBe(String(block.size));
      expect(plain.headers.get("etag")).toBe(`"${block.hash}"`);
      expect(plain.headers.get("vary")).toBe(acceptEncodingHeader);
      expect(await bytesOf(plain)).toEqual(block.bytes);
    }
    const range = await get({ ...acceptsZstd, range: "bytes=1000-1999" });
    expect(range.status).toBe(206);
    expect(range.headers.get(encodingHeader)).toBeNull();
    expect(range.headers.get("content-range")).toBe(`bytes 1000-1999/${block.size}`);
    expect(await bytesOf(range)).toEqual(block.bytes.slice(1000, 2000));
    const outside = await get({ range: `bytes=${block.size}-` });
    expect(outside.headers.get("content-range")).toBe(`bytes */${block.size}`);
    await expectProblem(outside, "range-not-satisfiable");
    for (const tag of [block.hash, `${block.hash}-zstd`]) expect((await get({ "if-none-match": `"${tag}"` })).status).toBe(304);
    expect((await get({ range: "bytes=0-1", "if-range": `"${block.hash}-zstd"` })).status).toBe(200);
  });
}

test("Y18 HEAD tells the size of what a GET would give", async () => {
  const as = await newDevice();
  const block = textBlock();
  await sendZstd(as, block, frameFrom(block.bytes));
  const { bytes: frame } = await stored(block);
  const lengthOf = async (headers: Record<string, string>) =>
    (await send("HEAD", addressOf(as, block), { as, headers })).headers.get("content-length");
  expect(await lengthOf({})).toBe(String(block.size));
  expect(await lengthOf(acceptsZstd)).toBe(String(frame.length));
});

test("Y18 a plain block is given as it is to a reader that takes compressed ones", async () => {
  const as = await newDevice();
  const block = newBlock(packBlockBytesMax + 1);
  await put(as, block);
  const response = await send("GET", addressOf(as, block), { as, headers: acceptsZstd });
  expect(response.headers.get(encodingHeader)).toBeNull();
  expect(await bytesOf(response)).toEqual(block.bytes);
});

test("Y20 a block that was sent in both forms at once is right, and says which it is", async () => {
  const block = textBlock();
  const frame = frameFrom(block.bytes);
  const users = await Promise.all([newDevice(0), newDevice(1), newDevice(2), newDevice(3)]);
  const answers = await Promise.all(users.map((user, at) => (at % 2 === 0 ? put(user, block) : sendZstd(user, block, frame))));
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
  const { bytes, form } = await stored(block);
  expect(form).toEqual({ encoding: "zstd", size: String(block.size) });
  expect(new Uint8Array(zstdDecompressSync(bytes))).toEqual(block.bytes);
  for (const as of users) {
    expect(await check(as, [block])).toEqual({ states: ["have"] });
    expect(await bytesOf(await send("GET", addressOf(as, block), { as }))).toEqual(block.bytes);
  }
});

test("Y18 a block whose form changes between two reads is still given right, in parts too", async () => {
  const as = await newDevice();
  const block = textBlock();
  await put(as, block);
  await env.BLOCKS.put(`b/${block.hash}`, frameFrom(block.bytes), { customMetadata: metadataOf({ encoding: "zstd", size: block.size }) });
  const response = await send("GET", addressOf(as, block), { as, headers: { range: "bytes=5-9" } });
  expect(await bytesOf(response)).toEqual(block.bytes.slice(5, 10));
});

test("Y1 a compressed block is a base like any other", async () => {
  const as = await newDevice();
  const base = textBlock();
  await sendZstd(as, base, frameFrom(base.bytes));
  const target = editOf(base);
  expect((await sendDelta(as, target, frameOf(target, base))).status).toBe(204);
  expect(await check(as, [target])).toEqual({ states: ["have"] });
});

test("Y17 a compressed block of any size is read, in spite of the platform's own count of its bytes", async () => {
  const as = await newDevice();
  for (const size of [packBlockBytesMax + 1, 100_000, 131_072, 200_000, 1_000_001, blockBytesMax - 1]) {
    const block = textBlock(size);
    expect((await sendZstd(as, block, frameFrom(block.bytes))).status).toBe(204);
    expect(await bytesOf(await send("GET", addressOf(as, block), { as }))).toEqual(block.bytes);
  }
}, 60_000);
