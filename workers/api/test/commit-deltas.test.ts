/** Commits that carry deltas. */
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { fromBase64Url } from "@ashlar/shared/encoding";
import { commitDeltasMax, commitInlineBytesMax, deltaFrameBytesMax, pushInlineBytesMax } from "@ashlar/shared/limits";
import { type BlockRef } from "@ashlar/shared/manifest";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { indexShards, metaShard } from "../src/env.ts";
import { check, editOf, expectProblem, frameOf, newBlock, newDevice, put, send, sendDelta, type TestBlock } from "./support.ts";
import { newNode, create, update, commit, committed, journal, follow, withFile, large, type Carried } from "./commit-support.ts";

test("Y6 one commit carries a delta for a large block and one for a small block: both are stored and held", async () => {
  const [base, smallBase] = [large(), newBlock(5000)];
  const { as, node } = await withFile([base, smallBase]);
  const [target, small, inline] = [editOf(base), editOf(smallBase), newBlock(70)];
  const frames = [frameOf(target, base), frameOf(small, smallBase)] as const;
  const answer = await committed(as, [update(node, 1, [target, small, inline])], {
    inline: [inline],
    deltas: [
      [target, frames[0]],
      [small, frames[1]],
    ],
  });
  const deltas = [{ target: target.hash, bases: [base.hash], size: frames[0].length }];
  expect(answer.changes).toMatchObject([{ type: "update", version: 2, deltas }]);
  expect((await journal(as)).map((change) => change.deltas)).toEqual([[], deltas]);
  expect(new Uint8Array((await (await env.BLOCKS.get(`b/${target.hash}`))?.arrayBuffer()) ?? [])).toEqual(target.bytes);
  const rows = metaShard(env, as.shard).prepare(
    "SELECT hash, refs, pack_id IS NOT NULL AS packed FROM user_blocks WHERE user_id = ? AND refs > 0",
  );
  const { results } = await rows.bind(as.user).all();
  expect(results).toHaveLength(5);
  expect(results).toContainEqual({ hash: small.hash, refs: 1, packed: 1 });
  const holders = await Promise.all(
    indexShards(env).map((db) => db.prepare("SELECT expires_at FROM holders WHERE hash = ?").bind(target.hash).all()),
  );
  expect(holders.flatMap((holder) => holder.results)).toEqual([{ expires_at: null }]);
  const kept = await metaShard(env, as.shard).prepare("SELECT target, base FROM deltas WHERE user_id = ?").bind(as.user).all();
  expect(kept.results).toEqual([{ target: target.hash, base: base.hash }]);
});

test("Y6 the same commit sent again is answered alike (I4)", async () => {
  const base = large();
  const { as, node } = await withFile([base]);
  const target = editOf(base);
  const [op, deltas] = [update(node, 1, [target]), [[target, frameOf(target, base)] as const]];
  const first = await committed(as, [op], { deltas });
  expect(await committed(as, [op], { deltas })).toEqual(first);
  expect(await journal(as)).toHaveLength(2);
});

test("Y6 a delta in a commit must be right, for a named block of that size, once, and its bases known before it", async () => {
  const [base, smallBase] = [large(), newBlock(500)];
  const { as, node } = await withFile([base, smallBase]);
  const eve = await newDevice();
  const [hers, target, small, unnamed] = [large(), editOf(base), editOf(smallBase), editOf(base)];
  await put(eve, hers);
  const frame = frameOf(target, base);
  const inline = newBlock(300);
  const fromInline = editOf(inline);
  const shorter = { hash: target.hash, size: target.size - 1 };
  const attempts: [string, BlockRef[], Carried, Parameters<typeof expectProblem>[1]][] = [
    [
      "not named",
      [target],
      {
        deltas: [
          [target, frame],
          [unnamed, frameOf(unnamed, base)],
        ],
      },
      "bad-request",
    ],
    [
      "twice",
      [target],
      {
        deltas: [
          [target, frame],
          [target, frame],
        ],
      },
      "bad-request",
    ],
    ["inline too", [small], { inline: [small], deltas: [[small, frameOf(small, smallBase)]] }, "bad-request"],
    ["another size", [shorter], { deltas: [[target, frame]] }, "bad-manifest"],
    ["another target", [target], { deltas: [[target, frameOf(unnamed, base)]] }, "bad-delta"],
    ["other bytes", [target], { deltas: [[target, frameOf({ ...target, bytes: unnamed.bytes }, base)]] }, "bad-delta"],
    ["no frame", [target], { deltas: [[target, new Uint8Array(50)]] }, "bad-delta"],
    ["somebody else's base", [target], { deltas: [[target, frameOf(target, hers)]] }, "base-missing"],
    [
      "a base of the same commit",
      [inline, fromInline],
      { inline: [inline], deltas: [[fromInline, frameOf(fromInline, inline)]] },
      "base-missing",
    ],
  ];
  for (const [what, blocks, carried, code] of attempts) {
    const response = await commit(as, [update(node, 1, blocks)], carried);
    expect({ what, code: (await response.clone().json<{ code: string }>()).code }).toEqual({ what, code });
    await expectProblem(response, code);
  }
  const missing = await commit(as, [update(node, 1, [target])], { deltas: [[target, frameOf(target, hers)]] });
  expect(await missing.json()).toMatchObject({ hashes: [hers.hash] });
  expect(await journal(as)).toHaveLength(1);
  expect(await check(as, [target])).toEqual({ states: ["upload"] });
  expect((await commit(as, [update(node, 1, [target])], { deltas: [[target, frame.subarray(0, -1)]] })).status).toBe(400);
});

test("Y6 a commit carries 16 deltas at most, of 4 MiB each, and 16 MiB with its inline blocks", async () => {
  const base = newBlock(2000);
  const { as, node } = await withFile([base]);
  const targets = Array.from({ length: commitDeltasMax + 1 }, () => editOf(base));
  const all = targets.map((target) => [target, frameOf(target, base)] as const);
  await expectProblem(await commit(as, [update(node, 1, targets)], { deltas: all }), "bad-request");
  const some = all.slice(1);
  await committed(as, [update(node, 1, targets.slice(1))], { deltas: some });
  const [target] = targets as [TestBlock];
  const frames = (size: number, count: number) => Array.from({ length: count }, () => [target, new Uint8Array(size)] as const);
  await expectProblem(await commit(as, [update(node, 2, [target])], { deltas: frames(deltaFrameBytesMax + 1, 1) }), "bad-request");
  await expectProblem(await commit(as, [update(node, 2, [target])], { deltas: frames(deltaFrameBytesMax, 1) }), "bad-delta");
  const count = commitInlineBytesMax / deltaFrameBytesMax;
  const inline = newBlock(1);
  await expectProblem(
    await commit(as, [update(node, 2, [target, inline])], { inline: [inline], deltas: frames(deltaFrameBytesMax, count) }),
    "too-large",
  );
});

test("Y10 a change names the deltas of blocks sent before it, and none of blocks that the user had", async () => {
  const base = large();
  const { as, node } = await withFile([base], 1);
  const target = editOf(base);
  const frame = frameOf(target, base);
  await sendDelta(as, target, frame);
  const { changes } = await committed(as, [update(node, 1, [target])]);
  expect(changes).toMatchObject([{ deltas: [{ target: target.hash, bases: [base.hash], size: frame.length }] }]);
  const again = await committed(as, [create(newNode(), [target], "copy")]);
  expect(again.changes).toMatchObject([{ deltas: [] }]);
});

test("Y12 another device is pushed the frame and where the block is; the journal, only that there is a delta", async () => {
  const [base, smallBase] = [large(), newBlock(5000)];
  const { as, node } = await withFile([base, smallBase]);
  const next = await follow(as);
  const [target, small] = [editOf(base), editOf(smallBase)];
  const frame = frameOf(target, base);
  await committed(as, [update(node, 1, [target, small])], {
    deltas: [
      [target, frame],
      [small, frameOf(small, smallBase)],
    ],
  });
  const message = await next();
  expect(message.inline).toEqual([]);
  expect(message.deltas?.map(({ target: made }) => made)).toEqual([target.hash, small.hash]);
  const frames = message.deltas?.map(({ data }) => fromBase64Url(data)) ?? [];
  expect(frames.map((one, at) => deltaCodec().decode(one, [[base, smallBase][at]?.bytes ?? new Uint8Array()]))).toEqual([
    target.bytes,
    small.bytes,
  ]);
  expect(message.locations).toMatchObject([
    { hash: target.hash, size: target.size },
    { hash: small.hash, size: small.size, offset: 0 },
  ]);
  // The frame is there: its address would only be bytes.
  expect(message.locations.every(({ deltas }) => deltas === undefined)).toBe(true);
  expect(message.changes).toMatchObject([{ deltas: [{ target: target.hash, size: frame.length }] }]);
});

test("Y12 a delta too large for the push is told with its address", async () => {
  const base = large(300_000);
  const { as, node } = await withFile([base]);
  const next = await follow(as);
  const target = editOf(base, base.size, pushInlineBytesMax);
  await committed(as, [update(node, 1, [target])], { deltas: [[target, frameOf(target, base)]] });
  const message = await next();
  expect(message.deltas).toBeUndefined();
  const [location] = message.locations;
  expect(location?.deltas).toMatchObject([{ bases: [base.hash] }]);
  const response = await send("GET", location?.deltas?.[0]?.url ?? "", { as });
  expect(deltaCodec().decode(new Uint8Array(await response.arrayBuffer()), [base.bytes])).toEqual(target.bytes);
});
