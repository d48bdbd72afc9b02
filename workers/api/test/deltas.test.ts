/** Blocks sent as deltas. */
import { deltaFrameBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { indexShards } from "../src/env.ts";
import { check, editOf, expectProblem, frameOf, hashOf, newBlock, newDevice, put, send, sendDelta, type TestBlock } from "./support.ts";

const large = (size = 200_000) => newBlock(size);

/** What no codec makes: a header of any kind, in letters. */
function madeUpFrame(header: object, body: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const frame = new Uint8Array(4 + json.length + body.length);
  new DataView(frame.buffer).setUint32(0, json.length);
  frame.set(json, 4);
  frame.set(body, 4 + json.length);
  return frame;
}

async function stored({ hash }: TestBlock): Promise<Uint8Array> {
  return new Uint8Array((await (await env.BLOCKS.get(`b/${hash}`))?.arrayBuffer()) ?? []);
}

test("Y1 a delta of large blocks makes the block, stored and leased as if it had been sent whole", async () => {
  const as = await newDevice();
  const base = large();
  const target = editOf(base);
  await put(as, base);
  const response = await sendDelta(as, target, frameOf(target, base));
  expect(response.status).toBe(204);
  expect(await response.text()).toBe("");
  expect(await stored(target)).toEqual(target.bytes);
  expect(await check(as, [target])).toEqual({ states: ["have"] });
  expect((await sendDelta(as, target, frameOf(target, base))).status).toBe(204);
  const another = await newDevice();
  expect(await check(another, [target])).toEqual({ states: ["upload"] });
});

test("Y1 a delta of small blocks, or between small and large, makes the block where its size belongs", async () => {
  const as = await newDevice(3);
  const small = newBlock(packBlockBytesMax);
  await put(as, small);
  const smaller = editOf(small, packBlockBytesMax - 1000);
  const larger = editOf(small, packBlockBytesMax + 1);
  for (const target of [smaller, larger]) {
    expect((await sendDelta(as, target, frameOf(target, small))).status).toBe(204);
    expect(await check(as, [target])).toEqual({ states: ["have"] });
  }
  expect(await stored(larger)).toEqual(larger.bytes);
  expect(await env.BLOCKS.head(`b/${smaller.hash}`)).toBeNull();
  const next = editOf(larger);
  expect((await sendDelta(as, next, frameOf(next, larger))).status).toBe(204);
});

test("Y1 a base at the end of a pack of several blocks is read from its place", async () => {
  const as = await newDevice();
  const [first, second] = [newBlock(1000), newBlock(30_000)];
  await put(as, first);
  await put(as, second);
  const target = editOf(second);
  expect((await sendDelta(as, target, frameOf(target, second, first))).status).toBe(204);
  expect(await check(as, [target])).toEqual({ states: ["have"] });
});

test("Y2 a base that another user has, or nobody, is missing, alike and by name, and nothing is stored (I2)", async () => {
  const [ada, eve] = [await newDevice(), await newDevice()];
  for (const size of [200_000, 1000]) {
    const [hers, nobodys, own] = [newBlock(size), newBlock(size), newBlock(size)];
    await put(ada, hers);
    await put(eve, own);
    const answers = await Promise.all(
      [hers, nobodys].map(async (base) => {
        // What Eve would make of a hash that she found somewhere: a copy of all of it.
        const copy = frameOf(base, base, own);
        const target = editOf(base);
        const response = await sendDelta(eve, target, frameOf(target, base, own));
        const { hashes, ...problem } = await response.clone().json<{ hashes: string[] }>();
        expect(hashes).toEqual([base.hash]);
        await expectProblem(response, "base-missing");
        await expectProblem(await sendDelta(eve, base, copy), "bad-delta");
        expect(await env.BLOCKS.head(`b/${target.hash}`)).toBeNull();
        expect(await check(eve, [target, base])).toEqual({ states: ["upload", "upload"] });
        return problem;
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  }
});

test("Y2 a base whose lease is over, or whose object is gone, is missing", async () => {
  const as = await newDevice();
  const [expired, gone] = [large(), large()];
  for (const base of [expired, gone]) await put(as, base);
  for (const db of indexShards(env)) await db.prepare("UPDATE holders SET expires_at = 1 WHERE hash = ?").bind(expired.hash).run();
  await env.BLOCKS.delete(`b/${gone.hash}`);
  for (const base of [expired, gone]) {
    const target = editOf(base);
    await expectProblem(await sendDelta(as, target, frameOf(target, base)), "base-missing");
  }
});

test("Y2 a delta's object is no base: bases are blocks, by their hash", async () => {
  const as = await newDevice();
  const base = large();
  const target = editOf(base);
  await put(as, base);
  await sendDelta(as, target, frameOf(target, base));
  const name = `d/${as.user}/${target.hash}/${base.hash}`;
  expect(await env.BLOCKS.head(name)).not.toBeNull();
  for (const hash of [name, `../${name}`, `${target.hash}/${base.hash}`, ""]) {
    const header = {
      target: target.hash,
      size: target.size,
      bases: [{ hash: hash as TestBlock["hash"], size: 100 }],
      fromSignature: false,
    };
    await expectProblem(await sendDelta(as, target, madeUpFrame(header, new Uint8Array(8))), "bad-delta");
  }
  // The frame's own bytes under their own name: nobody has sent that block.
  const frame = await env.BLOCKS.get(name);
  const bytes = new Uint8Array((await frame?.arrayBuffer()) ?? []);
  const asBlock = { ...editOf(base), hash: hashOf(bytes), size: bytes.length, bytes };
  await expectProblem(await sendDelta(as, target, frameOf(target, asBlock)), "base-missing");
});

test("Y3 a frame for another target, of other sizes, of too many bases, or with a block twice is refused", async () => {
  const as = await newDevice();
  const bases = [large(70_000), large(70_001), large(70_002), large(70_003), large(70_004)];
  for (const base of bases) await put(as, base);
  const [base, second] = bases as [TestBlock, TestBlock];
  const target = editOf(base);
  const header = (more: object) => ({
    target: target.hash,
    size: target.size,
    bases: [{ hash: base.hash, size: base.size }],
    fromSignature: false,
    ...more,
  });
  const body = frameOf(target, base).subarray(frameOf(target, base).length - 200);
  const attempts: [string, Uint8Array][] = [
    ["another target", frameOf(editOf(base), base)],
    ["no base", madeUpFrame(header({ bases: [] }), body)],
    ["five bases", madeUpFrame(header({ bases: bases.map(({ hash, size }) => ({ hash, size })) }), body)],
    ["a base twice", frameOf(target, base, base)],
    ["the target as a base", frameOf(target, base, target)],
    ["no size", madeUpFrame(header({ size: 0 }), body)],
    ["more than a block", madeUpFrame(header({ size: 4 * 1024 * 1024 + 1 }), body)],
    ["a base of another size", frameOf(target, { ...base, bytes: new Uint8Array([...base.bytes, 0]) })],
    ["a base of more than a block", madeUpFrame(header({ bases: [{ hash: base.hash, size: 4 * 1024 * 1024 + 1 }] }), body)],
    ["other bases", frameOf(target, second)],
    ["other bytes", frameOf({ ...target, bytes: editOf(base).bytes }, base)],
    ["a shorter block", frameOf({ ...target, bytes: target.bytes.subarray(1) }, base)],
    ["cut short", frameOf(target, base).subarray(0, -1)],
    ["half of it", frameOf(target, base).subarray(0, frameOf(target, base).length / 2)],
    ["no frame", new Uint8Array(100)],
    ["one byte", new Uint8Array(1)],
    ["nothing", new Uint8Array(0)],
  ];
  const wrong = { ...target, bytes: target.bytes.map((byte) => byte ^ 1) };
  for (const [what, frame] of attempts) {
    const sent = what === "other bases" ? frameOf(wrong, second) : frame;
    const response = await sendDelta(as, target, sent);
    expect({ what, code: (await response.clone().json<{ code: string }>()).code }).toEqual({ what, code: "bad-delta" });
    await expectProblem(response, "bad-delta");
  }
  expect(await env.BLOCKS.head(`b/${target.hash}`)).toBeNull();
  expect(await check(as, [target])).toEqual({ states: ["upload"] });
  expect((await sendDelta(as, target, frameOf(target, ...bases.slice(0, 4)))).status).toBe(204);
});

test("Y3 a damaged base makes no block", async () => {
  const as = await newDevice();
  const base = large();
  await put(as, base);
  await env.BLOCKS.put(`b/${base.hash}`, base.bytes.toReversed());
  const target = editOf(base);
  await expectProblem(await sendDelta(as, target, frameOf(target, base)), "bad-delta");
  expect(await env.BLOCKS.head(`b/${target.hash}`)).toBeNull();
});

test("Y4 any change of a frame is refused as the client's mistake, or makes the block", async () => {
  const as = await newDevice();
  const [base, target] = [large(66_000), editOf(newBlock(66_000))];
  await put(as, base);
  const frame = frameOf(editOf(base), base);
  const edited = editOf(base);
  const good = frameOf(edited, base);
  const mutation = fc.oneof(
    fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) }).map(({ at, value }) => good.with(at, value)),
    fc.record({ at: fc.nat(700), value: fc.nat(255) }).map(({ at, value }) => good.with(Math.min(at, good.length - 1), value)),
    fc.nat(good.length).map((length) => good.slice(0, length)),
    fc.uint8Array({ maxLength: 300 }).map((more) => new Uint8Array([...good, ...more])),
    fc.tuple(fc.nat(good.length), fc.nat(64)).map(([at, count]) => new Uint8Array([...good.subarray(0, at), ...good.subarray(at + count)])),
    fc.uint8Array({ maxLength: 600 }),
    fc.constant(frame),
  );
  await fc.assert(
    fc.asyncProperty(mutation, fc.constantFrom(edited, target), async (mutated, claimed) => {
      const response = await sendDelta(as, claimed, new Uint8Array(mutated));
      const { status } = response;
      await response.arrayBuffer();
      const isRight = status === 204 && claimed === edited;
      expect(isRight || (status >= 400 && status < 500)).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(await env.BLOCKS.head(`b/${target.hash}`)).toBeNull();
}, 60_000);

test("Y5 a frame is an octet-stream with a length, of 4 MiB at most, for a block's hash", async () => {
  const as = await newDevice();
  const { hash } = large();
  const headers = { "content-type": "application/octet-stream" };
  await expectProblem(await send("POST", `/v1/blocks/${hash}/delta`, { as, body: new Uint8Array(9) }), "unsupported-media-type");
  await expectProblem(await send("POST", "/v1/blocks/x/delta", { as, headers, body: new Uint8Array(9) }), "not-found");
  await expectProblem(await send("POST", `/v1/blocks/${hash}/delta`, { headers, body: new Uint8Array(9) }), "unauthenticated");
  await expectProblem(
    await send("POST", `/v1/blocks/${hash}/delta`, { as, headers, body: new Uint8Array(deltaFrameBytesMax) }),
    "bad-delta",
  );
  await expectProblem(
    await send("POST", `/v1/blocks/${hash}/delta`, { as, headers, body: new Uint8Array(deltaFrameBytesMax + 1) }),
    "too-large",
  );
});

test("Y4 a block that is being collected is answered try-again", async () => {
  const as = await newDevice();
  const base = large();
  const target = editOf(base);
  await put(as, base);
  await put(await newDevice(), target);
  for (const db of indexShards(env)) await db.prepare("UPDATE blocks SET state = 'deleting' WHERE hash = ?").bind(target.hash).run();
  await expectProblem(await sendDelta(as, target, frameOf(target, base)), "try-again");
});
