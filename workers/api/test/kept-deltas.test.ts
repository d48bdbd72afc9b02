/** What is kept of deltas for the user's other devices. */
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { deltaMs } from "@ashlar/shared/limits";
import { type BlockLocation, locateResponseSchema } from "@ashlar/shared/protocol/block";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { metaShard } from "../src/env.ts";
import {
  deviceOf,
  editOf,
  expectProblem,
  frameOf,
  newBlock,
  newDevice,
  put,
  send,
  sendDelta,
  type Signed,
  type TestBlock,
} from "./support.ts";

const large = (size = 200_000) => newBlock(size);
const codec = deltaCodec();

async function keptOf({ user, shard }: Signed) {
  const rows = await metaShard(env, shard)
    .prepare("SELECT target, base, bases, size, created_at FROM deltas WHERE user_id = ?")
    .bind(user)
    .all();
  const { objects } = await env.BLOCKS.list({ prefix: `d/${user}/` });
  return { rows: rows.results, objects: objects.map(({ key, size }) => ({ key, size })) };
}

async function locate(as: Signed, block: TestBlock): Promise<BlockLocation | undefined> {
  await metaShard(env, as.shard)
    .prepare("INSERT INTO user_blocks (user_id, hash, size, refs) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO NOTHING")
    .bind(as.user, block.hash, block.size)
    .run();
  const response = await send("POST", "/v1/blocks/locate", { as, json: { hashes: [block.hash] } });
  return locateResponseSchema.parse(await response.json()).blocks[0];
}

test("Y8 a delta that saves enough of its block is kept, for its user alone; a longer one, or one of a small block, is not", async () => {
  const as = await newDevice(1);
  const [base, smallBase] = [large(), newBlock(10_000)];
  for (const block of [base, smallBase]) await put(as, block);
  const [near, far, small] = [editOf(base), editOf(base, base.size, base.size * 0.95), editOf(smallBase)];
  for (const target of [near, far]) expect((await sendDelta(as, target, frameOf(target, base))).status).toBe(204);
  expect((await sendDelta(as, small, frameOf(small, smallBase))).status).toBe(204);
  const size = frameOf(near, base).length;
  const kept = await keptOf(as);
  expect(kept.objects).toEqual([{ key: `d/${as.user}/${near.hash}/${base.hash}`, size }]);
  expect(kept.rows).toMatchObject([{ target: near.hash, base: base.hash, bases: JSON.stringify([base.hash]), size }]);
});

test("Y9 a frame that was made from signatures is kept as one made from the bytes", async () => {
  const as = await newDevice();
  const base = large();
  const target = editOf(base);
  await put(as, base);
  const frame = codec.encodeFromSignatures(target.bytes, [{ hash: base.hash, signature: codec.sign(base.bytes) }]);
  expect((await sendDelta(as, target, frame)).status).toBe(204);
  const exact = frameOf(target, base);
  expect((await keptOf(as)).rows).toMatchObject([{ size: exact.length }]);
  const object = await env.BLOCKS.get(`d/${as.user}/${target.hash}/${base.hash}`);
  expect(codec.decode(new Uint8Array((await object?.arrayBuffer()) ?? []), [base.bytes])).toEqual(target.bytes);
});

test("Y10 locate tells a block's kept deltas, with addresses that are signed for their user, and makes no others", async () => {
  const [as, eve] = [await newDevice(), await newDevice()];
  const base = large();
  const target = editOf(base);
  for (const user of [as, eve]) await put(user, base);
  await sendDelta(as, target, frameOf(target, base));
  await put(eve, target);
  expect(await locate(eve, target)).not.toHaveProperty("deltas");
  const location = await locate(as, target);
  expect(location?.deltas).toMatchObject([{ size: frameOf(target, base).length, bases: [base.hash] }]);
  const url = location?.deltas?.[0]?.url ?? "";
  expect(url).toMatch(new RegExp(`^/v1/d/${target.hash}/${base.hash}\\?`));
  const other = await deviceOf(as.user, as.shard);
  const response = await send("GET", url, { as: other });
  expect(response.headers.get("cache-control")).toBe("private, immutable, max-age=31536000");
  expect(codec.decode(new Uint8Array(await response.arrayBuffer()), [base.bytes])).toEqual(target.bytes);
  expect((await send("GET", url, { as: other, headers: { range: "bytes=0-3" } })).status).toBe(206);
  await expectProblem(await send("GET", url, { as: eve }), "bad-signature");
  await expectProblem(await send("GET", url.replace(base.hash, target.hash), { as }), "bad-signature");
  await expectProblem(await send("GET", url.replace("/v1/d/", "/v1/b/").replace(`/${base.hash}`, ""), { as }), "bad-signature");
  await env.BLOCKS.delete(`d/${as.user}/${target.hash}/${base.hash}`);
  expect((await send("HEAD", url, { as })).status).toBe(404);
});

test("Y11 a delta whose time is over is not told", async () => {
  const as = await newDevice(2);
  const base = large();
  const target = editOf(base);
  await put(as, base);
  await sendDelta(as, target, frameOf(target, base));
  const age = (ms: number) =>
    metaShard(env, 2)
      .prepare("UPDATE deltas SET created_at = ?2 WHERE user_id = ?1")
      .bind(as.user, Date.now() - ms)
      .run();
  await age(deltaMs - 60_000);
  expect((await locate(as, target))?.deltas).toHaveLength(1);
  await age(deltaMs);
  expect(await locate(as, target)).not.toHaveProperty("deltas");
});
