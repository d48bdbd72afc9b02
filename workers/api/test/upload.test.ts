import { blockBytesMax, checkHashesMax, leaseMs, packBlockBytesMax } from "@ashlar/shared/limits";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { indexShards, metaShard } from "../src/env.ts";
import { check, expectProblem, newBlock, newDevice, put, send, sendAsItIs, type TestBlock } from "./support.ts";

const large = () => newBlock(packBlockBytesMax + 1);

async function rowOf({ hash }: TestBlock): Promise<Record<string, unknown> | undefined> {
  const rows = await Promise.all(indexShards(env).map((db) => db.prepare("SELECT * FROM blocks WHERE hash = ?").bind(hash).first()));
  return rows.find((row) => row !== null) ?? undefined;
}

test("B1 check says have for what this user sent, and upload for what nobody or only another sent, large and small", async () => {
  const [ada, eve] = [await newDevice(0), await newDevice(1)];
  const blocks = [large(), newBlock(packBlockBytesMax), large(), newBlock(1)];
  for (const block of blocks.slice(0, 2)) expect((await put(ada, block)).status).toBe(204);
  expect(await check(ada, blocks)).toEqual({ states: ["have", "have", "upload", "upload"] });
  expect(await check(eve, blocks)).toEqual({ states: ["upload", "upload", "upload", "upload"] });
});

test("B3 check protects a block from collection, whoever asks", async () => {
  const [ada, eve] = [await newDevice(), await newDevice()];
  const block = large();
  await put(ada, block);
  await env.INDEX_0.prepare("UPDATE blocks SET protected_until = 1 WHERE hash = ?").bind(block.hash).run();
  await env.INDEX_1.prepare("UPDATE blocks SET protected_until = 1 WHERE hash = ?").bind(block.hash).run();
  const before = Date.now();
  const blocks = [{ hash: block.hash, size: block.size }];
  expect((await sendAsItIs("POST", "/v1/blocks/check", { as: eve, json: { blocks } })).status).toBe(200);
  expect((await rowOf(block))?.["protected_until"]).toBeGreaterThanOrEqual(before + leaseMs);
});

test("B16 check takes 1 to 1,000 blocks of 1 byte to 4 MiB, each well named", async () => {
  const as = await newDevice();
  const { hash } = newBlock(1);
  const ask = (blocks: unknown) => send("POST", "/v1/blocks/check", { as, json: { blocks } });
  expect((await ask(Array.from({ length: checkHashesMax }, () => ({ hash, size: blockBytesMax })))).status).toBe(200);
  const refused: unknown[] = [
    [],
    Array.from({ length: checkHashesMax + 1 }, () => ({ hash, size: 1 })),
    [{ hash, size: 0 }],
    [{ hash, size: blockBytesMax + 1 }],
    [{ hash, size: 1.5 }],
    [{ hash: hash.toUpperCase(), size: 1 }],
    [{ hash: hash.slice(1), size: 1 }],
  ];
  for (const blocks of refused) await expectProblem(await ask(blocks), "bad-request");
  await expectProblem(await ask([{ hash, size: 1, user: "x" }]), "unknown-field");
});

test("B8 bytes of another hash are refused and nothing is stored, large and small (I1)", async () => {
  const as = await newDevice();
  for (const size of [packBlockBytesMax + 1, 100]) {
    const [claimed, sent] = [newBlock(size), newBlock(size)];
    await expectProblem(await send("PUT", `/v1/blocks/${claimed.hash}`, { as, body: sent.bytes }), "hash-mismatch");
    expect(await env.BLOCKS.head(`b/${claimed.hash}`)).toBeNull();
    expect(await rowOf(claimed)).toBeUndefined();
    expect(await check(as, [claimed, sent])).toEqual({ states: ["upload", "upload"] });
  }
});

test("B8 whoever claims a block that another sent must send its bytes too (I2)", async () => {
  const [ada, eve] = [await newDevice(), await newDevice()];
  const block = large();
  await put(ada, block);
  await expectProblem(await send("PUT", `/v1/blocks/${block.hash}`, { as: eve, body: newBlock(block.size).bytes }), "hash-mismatch");
  expect(await check(eve, [block])).toEqual({ states: ["upload"] });
  expect((await put(eve, block)).status).toBe(204);
  expect(await check(eve, [block])).toEqual({ states: ["have"] });
});

test("B17 a block of 1 byte and one of 4 MiB are stored as they are; an empty one and one of a byte more are refused", async () => {
  const as = await newDevice();
  const [smallest, largest] = [newBlock(1), newBlock(blockBytesMax)];
  expect((await put(as, smallest)).status).toBe(204);
  expect((await put(as, largest)).status).toBe(204);
  const stored = await env.BLOCKS.get(`b/${largest.hash}`);
  expect(new Uint8Array((await stored?.arrayBuffer()) ?? [])).toEqual(largest.bytes);
  expect(await rowOf(largest)).toMatchObject({ state: "stored", size: blockBytesMax, stored_size: blockBytesMax, ref_count: 0 });
  await expectProblem(await put(as, newBlock(0)), "bad-request");
  await expectProblem(await put(as, newBlock(blockBytesMax + 1)), "too-large");
});

test("B18 a block without a length is refused, and one that is cut short or longer than it says is not stored", async () => {
  const as = await newDevice();
  const block = large();
  const path = `/v1/blocks/${block.hash}`;
  await expectProblem(await sendAsItIs("PUT", path, { as, body: block.bytes }), "length-required");
  const sendSaying = (length: string) => sendAsItIs("PUT", path, { as, body: block.bytes, headers: { "content-length": length } });
  await expectProblem(await sendSaying("1e3"), "length-required");
  await expectProblem(await sendSaying(String(block.size - 1)), "length-mismatch");
  await expectProblem(await sendSaying(String(block.size + 1)), "length-mismatch");
  expect(await check(as, [block])).toEqual({ states: ["upload"] });
  expect((await sendSaying(String(block.size))).status).toBe(204);
});

test("B18 a body whose connection breaks in the middle stores nothing", async () => {
  const as = await newDevice();
  const block = large();
  let sent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new Error("the connection broke"));
      else controller.enqueue(block.bytes.subarray(0, 1000));
      sent = true;
    },
  });
  const headers = { "content-length": String(block.size) };
  await expectProblem(await sendAsItIs("PUT", `/v1/blocks/${block.hash}`, { as, body, headers }), "length-mismatch");
  expect(await check(as, [block])).toEqual({ states: ["upload"] });
  expect(await env.BLOCKS.head(`b/${block.hash}`)).toBeNull();
});

test("B19 what is no block hash in the address names nothing", async () => {
  const as = await newDevice();
  const body = new Uint8Array(1);
  for (const name of ["x", "..%2F..%2Fp%2Fother", "A".repeat(64), `${"0".repeat(64)}%00`, "0".repeat(65)]) {
    await expectProblem(await send("PUT", `/v1/blocks/${name}`, { as, body }), "not-found");
  }
});

test("B9 the same block sent many times at once, by several users, is stored for each of them", async () => {
  const users = [await newDevice(0), await newDevice(1), await newDevice(2)];
  const block = large();
  const answers = await Promise.all([...users, ...users].map((user) => put(user, block)));
  for (const { status } of answers) expect(status).toBe(204);
  for (const user of users) expect(await check(user, [block])).toEqual({ states: ["have"] });
  expect(await rowOf(block)).toMatchObject({ state: "stored", ref_count: 0 });
});

test("B9 sending a block again changes nothing, large or small", async () => {
  const as = await newDevice(3);
  for (const block of [large(), newBlock(10)]) {
    expect((await put(as, block)).status).toBe(204);
    expect((await put(as, block)).status).toBe(204);
  }
  const packs = metaShard(env, 3).prepare("SELECT count(*) AS n FROM packs WHERE user_id = ?").bind(as.user);
  expect(await packs.first()).toEqual({ n: 1 });
});

test("B4 a block that is being collected is answered try-again with a time", async () => {
  const as = await newDevice();
  const block = large();
  await put(as, block);
  for (const db of indexShards(env)) await db.prepare("UPDATE blocks SET state = 'deleting' WHERE hash = ?").bind(block.hash).run();
  expect(await check(as, [block])).toEqual({ states: ["upload"] });
  const response = await put(as, block);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  await expectProblem(response, "try-again");
});
