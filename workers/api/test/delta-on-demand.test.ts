/** Deltas for devices that were away, made when they are asked for. */
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { deltaBasesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { metaShard } from "../src/env.ts";
import { editOf, expectProblem, newBlock, newDevice, put, send, sendDelta, frameOf, type Signed, type TestBlock } from "./support.ts";

const ask = (as: Signed, { hash }: TestBlock, ...bases: readonly TestBlock[]) =>
  send("GET", `/v1/blocks/${hash}/delta?${bases.map((base) => `base=${base.hash}`).join("&")}`, { as });

async function frameFrom(response: Response): Promise<Uint8Array> {
  expect(response.status).toBe(200);
  return new Uint8Array(await response.arrayBuffer());
}

async function keptOf({ user, shard }: Signed): Promise<string[]> {
  const rows = await metaShard(env, shard).prepare("SELECT target, base FROM deltas WHERE user_id = ?").bind(user).all();
  return rows.results.map(({ target, base }) => `${String(target)}/${String(base)}`);
}

async function withBlocks(...blocks: readonly TestBlock[]): Promise<Signed> {
  const as = await newDevice(2);
  for (const block of blocks) expect((await put(as, block)).status).toBe(204);
  return as;
}

test("Y40 a block comes as its difference to an older one, however many versions lie between, and is kept", async () => {
  const old = newBlock(400_000);
  const between = editOf(old);
  const target = editOf(between, 400_000, 300);
  const as = await withBlocks(old, between, target);
  const frame = await frameFrom(await ask(as, target, old));
  expect(frame.length).toBeLessThan(target.size / 100);
  expect(deltaCodec().decode(frame, [old.bytes])).toEqual(target.bytes);
  expect(await keptOf(as)).toEqual([`${target.hash}/${old.hash}`]);
  // The next device gets what is kept: nothing is read or made.
  await env.BLOCKS.delete(`b/${target.hash}`);
  expect(await frameFrom(await ask(as, target, between, old))).toEqual(frame);
  // And makes it anew when the bucket's lifecycle was faster than the row.
  await env.BLOCKS.put(`b/${target.hash}`, target.bytes);
  await env.BLOCKS.delete(`d/${as.user}/${target.hash}/${old.hash}`);
  expect(await frameFrom(await ask(as, target, old))).toEqual(frame);
  expect(await env.BLOCKS.head(`d/${as.user}/${target.hash}/${old.hash}`)).toMatchObject({ size: frame.length });
});

test("Y40 a delta that was sent is answered to who has its bases, and another made for who has not", async () => {
  const [old, middle] = [newBlock(200_000), newBlock(200_000)];
  const target = editOf(middle);
  const as = await withBlocks(old, middle);
  await sendDelta(as, target, frameOf(target, middle));
  expect(await frameFrom(await ask(as, target, middle))).toEqual(frameOf(target, middle));
  await expectProblem(await ask(as, target, old), "not-found");
  const near = editOf(target);
  await put(as, near);
  const frame = await frameFrom(await ask(as, target, near));
  expect(readDeltaHeader(frame).bases.map(({ hash }) => hash)).toEqual([near.hash]);
});

test("Y41 nothing is told of blocks that the user does not have, or that a delta does not pay for", async () => {
  const base = newBlock(200_000);
  const [target, unlike, small] = [editOf(base), newBlock(200_000), editOf(base, packBlockBytesMax)];
  const ada = await withBlocks(base, target, unlike, small);
  const eve = await withBlocks(base);
  const mallory = await withBlocks(target);
  await expectProblem(await ask(eve, target, base), "not-found");
  await expectProblem(await ask(mallory, target, base), "not-found");
  await expectProblem(await ask(ada, target, newBlock(10)), "not-found");
  await expectProblem(await ask(ada, unlike, base), "not-found");
  await expectProblem(await ask(ada, small, base), "not-found");
  expect(await keptOf(ada)).toEqual([]);
  // A base that he has not is left out of account.
  expect(readDeltaHeader(await frameFrom(await ask(ada, target, newBlock(10), base))).bases.map(({ hash }) => hash)).toEqual([base.hash]);
});

test("Y41 no delta is made of damaged bytes", async () => {
  const base = newBlock(200_000);
  const target = editOf(base);
  const as = await withBlocks(base, target);
  for (const damaged of [base, target]) {
    await env.BLOCKS.put(`b/${damaged.hash}`, editOf(damaged).bytes);
    await expectProblem(await ask(as, target, base), "not-found");
    await env.BLOCKS.put(`b/${damaged.hash}`, damaged.bytes);
  }
  expect(await keptOf(as)).toEqual([]);
  await frameFrom(await ask(as, target, base));
});

test("Y42 bases are one to four different blocks, and not the block itself", async () => {
  const base = newBlock(100_000);
  const target = editOf(base);
  const as = await withBlocks(base, target);
  const others = Array.from({ length: deltaBasesMax }, () => newBlock(10));
  await frameFrom(await ask(as, target, base, ...others.slice(1)));
  for (const bases of [[], [base, ...others], [base, base], [target, base]])
    await expectProblem(await ask(as, target, ...bases), "bad-request");
  await expectProblem(await send("GET", `/v1/blocks/${target.hash}/delta?base=x`, { as }), "bad-request");
  await expectProblem(await send("GET", `/v1/blocks/${target.hash}/delta?base=${base.hash}&x=1`, { as }), "bad-request");
  await expectProblem(await send("GET", `/v1/blocks/${target.hash}/delta?base=${base.hash}`), "unauthenticated");
});
