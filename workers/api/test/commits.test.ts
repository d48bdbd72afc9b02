import { randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import {
  blockBytesMax,
  commitHeadBytesMax,
  commitInlineBlocksMax,
  commitInlineBytesMax,
  commitOpsMax,
  fileBytesMax,
  linkTargetBytesMax,
  nameBytesMax,
  packBlockBytesMax,
} from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import { commitMediaType, type Op, type WireOp } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { indexShards } from "../src/env.ts";
import { checkCommit, commitBodyBytesMax, readCommit } from "../src/control/commit-request.ts";
import { expectProblem, hashOf, newBlock, newDevice, put, send, sendAsItIs, type Signed, type TestBlock } from "./support.ts";

const mkdir = (name: string, more: object = {}) => ({
  op: "mkdir",
  opId: newId<OpId>(randomBytes),
  node: newId<NodeId>(randomBytes),
  parent: rootId,
  name,
  mode: 0o755,
  ...more,
});

const create = (blocks: readonly { hash: TestBlock["hash"]; size: number }[], more: object = {}) => ({
  ...mkdir("file"),
  op: "create",
  kind: "file",
  manifest: encodeManifest(blocks),
  size: blocks.reduce((total, block) => total + block.size, 0),
  mtimeMs: 0,
  mode: 0o644,
  ...more,
});

type Inline = readonly { hash: string; size: number }[];

/** A body of that head, right or wrong. */
function bodyOf(
  ops: readonly unknown[],
  inline: Inline = [],
  bytes: readonly Uint8Array[] = [],
  more: object = {},
): Uint8Array<ArrayBuffer> {
  const head = { ops, inline: inline.map(({ hash, size }) => ({ hash, size })), ...more };
  return encodeCommitBody(head as Parameters<typeof encodeCommitBody>[0], bytes);
}

function commit(as: Signed, body: BodyInit, type = commitMediaType): Promise<Response> {
  return send("POST", "/v1/commits", { as, body, headers: { "content-type": type } });
}

async function packsOf({ user }: Signed): Promise<number> {
  const { objects } = await env.BLOCKS.list({ prefix: `p/${user}/` });
  return objects.length;
}

function asOp(op: WireOp): Op {
  if ("patch" in op) throw new Error("a patch is applied before this is asked");
  return op;
}

/** Undefined if the body is right. */
function refusal(body: Uint8Array): string | undefined {
  try {
    const parts = readCommit(body);
    checkCommit(parts.head.ops.map(asOp), parts, sha256);
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

test("H12 a commit is taken in its own media type, with a length, and whole", async () => {
  const as = await newDevice();
  const body = bodyOf([mkdir("folder")]);
  await expectProblem(await commit(as, body, "application/json"), "unsupported-media-type");
  await expectProblem(
    await sendAsItIs("POST", "/v1/commits", { as, body, headers: { "content-type": commitMediaType } }),
    "length-required",
  );
  for (const cut of [0, 3, 4, body.length - 1]) await expectProblem(await commit(as, body.slice(0, cut)), "length-mismatch");
  const headers = { "content-type": commitMediaType, "content-length": String(body.length + 1) };
  await expectProblem(await sendAsItIs("POST", "/v1/commits", { as, body, headers }), "length-mismatch");
  const longer = { ...headers, "content-length": String(commitBodyBytesMax + 1) };
  await expectProblem(await sendAsItIs("POST", "/v1/commits", { as, body, headers: longer }), "too-large");
});

/** A body with that text for its head. */
function raw(text: string): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(text);
  const body = new Uint8Array(4 + json.length);
  new DataView(body.buffer).setUint32(0, json.length);
  body.set(json, 4);
  return body;
}

/** A body with a head of that many bytes. */
function headOf(bytes: number): Uint8Array {
  const empty = bodyOf([create([])]).length - 4;
  return bodyOf([create([], { manifest: "A".repeat(bytes - empty) })]);
}

test("H13 a head that is no JSON, has unknown fields or values out of bounds is refused", async () => {
  const as = await newDevice();
  const attempts: [Uint8Array<ArrayBuffer>, Parameters<typeof expectProblem>[1]][] = [
    [raw("{"), "bad-request"],
    [raw("[]"), "bad-request"],
    [bodyOf([]), "bad-request"],
    [bodyOf([mkdir("a")], [], [], { force: true }), "unknown-field"],
    [bodyOf([mkdir("a", { owner: "x" })]), "unknown-field"],
    [bodyOf([mkdir("a", { op: "format" })]), "bad-request"],
    [bodyOf([mkdir("a", { node: "../../etc" })]), "bad-request"],
    [bodyOf([mkdir("a", { mode: 0o1000 })]), "bad-request"],
    [bodyOf([create([], { size: -1 })]), "bad-request"],
    [bodyOf([create([], { size: fileBytesMax + 1 })]), "bad-request"],
  ];
  for (const [body, code] of attempts) await expectProblem(await commit(as, body), code);
});

test("H14 a commit has 1,000 operations at most", () => {
  const ops = Array.from({ length: commitOpsMax + 1 }, (_, number) => mkdir(`folder ${number}`));
  expect(refusal(bodyOf(ops.slice(1)))).toBeUndefined();
  expect(refusal(bodyOf(ops))).toBe("bad-request");
});

test("H15 a name that cannot be used is refused as such: at 255 bytes it can, with one more it cannot", async () => {
  const as = await newDevice();
  const names = ["", ".", "..", "a/b", "../a", "a\0b", "\ud800", "a\u0308", "x".repeat(nameBytesMax + 1), "ä".repeat(nameBytesMax / 2 + 1)];
  for (const name of names) await expectProblem(await commit(as, bodyOf([mkdir(name)])), "bad-name");
  for (const spelling of ["other", "a\u0308/"]) await expectProblem(await commit(as, bodyOf([mkdir("ä", { spelling })])), "bad-name");
  expect(refusal(bodyOf([mkdir("x".repeat(nameBytesMax)), mkdir("ä", { spelling: "a\u0308" })]))).toBeUndefined();
});

test("H16 a manifest must be well formed and as long as the file; a link's target has 1 to 4,096 bytes", async () => {
  const as = await newDevice();
  const block = newBlock(10);
  const attempts = [
    create([block], { manifest: "x" }),
    create([block], { manifest: `${encodeManifest([block])}=` }),
    create([block], { manifest: encodeManifest([block]).slice(0, -4) }),
    create([block], { size: 11 }),
    create([], { size: 1 }),
    create([], { kind: "symlink" }),
    create([{ ...block, size: linkTargetBytesMax + 1 }], { kind: "symlink" }),
  ];
  for (const op of attempts) await expectProblem(await commit(as, bodyOf([op], [block], [block.bytes])), "bad-manifest");
  expect(refusal(bodyOf([create([{ ...block, size: linkTargetBytesMax }], { kind: "symlink" })]))).toBeUndefined();
  expect(refusal(bodyOf([create([])]))).toBeUndefined();
});

test("H17 inline blocks must be the bytes they claim, all of them, once, and named by an operation", async () => {
  const as = await newDevice();
  const [block, other] = [newBlock(100), newBlock(100)];
  const op = create([block]);
  const attempts: [Uint8Array<ArrayBuffer>, Parameters<typeof expectProblem>[1]][] = [
    [bodyOf([op], [block], [other.bytes]), "hash-mismatch"],
    [bodyOf([op], [block], [block.bytes.subarray(1)]), "length-mismatch"],
    [bodyOf([op], [block], [block.bytes, new Uint8Array(1)]), "length-mismatch"],
    [bodyOf([op], [], [block.bytes]), "length-mismatch"],
    [bodyOf([op], [block, block], [block.bytes, block.bytes]), "bad-request"],
    [bodyOf([op], [block, other], [block.bytes, other.bytes]), "bad-request"],
    [bodyOf([op], [{ hash: block.hash, size: 0 }]), "bad-request"],
  ];
  for (const [body, code] of attempts) await expectProblem(await commit(as, body), code);
  expect(await packsOf(as)).toBe(0);
});

test("H18 an inline block has 64 KiB at most, all of a commit's 16 MiB, its head 12 MiB", () => {
  const [largest, larger] = [newBlock(packBlockBytesMax), newBlock(packBlockBytesMax + 1)];
  expect(refusal(bodyOf([create([largest])], [largest], [largest.bytes]))).toBeUndefined();
  expect(refusal(bodyOf([create([larger])], [larger], [larger.bytes]))).toBe("bad-request");

  const count = commitInlineBytesMax / packBlockBytesMax;
  const full = Array.from({ length: count }, (_, number) => {
    const bytes = new Uint8Array(packBlockBytesMax).fill(number);
    new DataView(bytes.buffer).setUint32(0, number);
    return { hash: hashOf(bytes), size: bytes.length, bytes };
  });
  const all = (blocks: TestBlock[]) =>
    bodyOf(
      [create(blocks)],
      blocks,
      blocks.map((block) => block.bytes),
    );
  expect(refusal(all(full))).toBeUndefined();
  expect(refusal(all([...full, newBlock(1)]))).toBe("too-large");

  expect(refusal(headOf(commitHeadBytesMax))).toBe("bad-manifest");
  expect(refusal(headOf(commitHeadBytesMax + 1))).toBe("too-large");
  expect(commitHeadBytesMax).toBeGreaterThan(blockBytesMax);
});

test("H22 a commit has 10,000 inline blocks at most, and a longer list is refused before its entries are looked at", () => {
  const blocks = Array.from({ length: commitInlineBlocksMax + 1 }, (_, number) => {
    const bytes = new Uint8Array(2);
    new DataView(bytes.buffer).setUint16(0, number);
    return { hash: hashOf(bytes), size: bytes.length, bytes };
  });
  const all = (some: typeof blocks) =>
    bodyOf(
      [create(some)],
      some,
      some.map((block) => block.bytes),
    );
  expect(refusal(all(blocks.slice(1)))).toBeUndefined();
  expect(refusal(all(blocks))).toBe("bad-request");
  expect(refusal(raw(`{"ops":[${JSON.stringify(mkdir("a"))}],"inline":[${"1,".repeat(1_000_000)}1]}`))).toBe("bad-request");
});

test("H23 a refusal quotes no more of the request than 1,000 characters", async () => {
  const as = await newDevice();
  const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`field ${number}`, 1]));
  for (const op of [mkdir("a", fields), mkdir("a", { spelling: "b".repeat(100_000) })]) {
    const { detail } = await (await commit(as, bodyOf([op]))).json<{ detail: string }>();
    expect(detail.length).toBeLessThanOrEqual(1000);
  }
});

test("H19 the content of a commit is in packs before the object hears of it", async () => {
  const as = await newDevice();
  const blocks = [newBlock(1), newBlock(packBlockBytesMax)];
  const body = bodyOf(
    [create(blocks)],
    blocks,
    blocks.map((block) => block.bytes),
  );
  await commit(as, body);
  expect(await packsOf(as)).toBe(1);
});

test("B26 a block has one size: another one in a manifest is refused, and nothing is held", async () => {
  const as = await newDevice();
  const [large, small] = [newBlock(packBlockBytesMax + 10), newBlock(100)];
  await put(as, large);
  const shorter = { hash: large.hash, size: large.size - 1 };
  await expectProblem(await commit(as, bodyOf([create([shorter])])), "bad-manifest");
  await expectProblem(await commit(as, bodyOf([create([large]), create([shorter], { name: "other" })])), "bad-manifest");
  await expectProblem(await commit(as, bodyOf([create([{ ...small, size: 99 }])], [small], [small.bytes])), "bad-manifest");
  const rows = await Promise.all(
    indexShards(env).map((db) => db.prepare("SELECT ref_count FROM blocks WHERE hash = ?").bind(large.hash).first<{ ref_count: number }>()),
  );
  expect(rows.find((row) => row !== null)).toEqual({ ref_count: 0 });
  expect((await commit(as, bodyOf([create([large])]))).status).toBe(200);
});

test("H20 a commit that names a block which only another user has sent is refused and changes nothing (I2)", async () => {
  const [ada, eve] = [await newDevice(0), await newDevice(0)];
  for (const block of [newBlock(packBlockBytesMax + 1), newBlock(100)]) {
    await put(ada, block);
    await expectProblem(await commit(eve, bodyOf([create([block])])), "block-missing");
    expect((await commit(ada, bodyOf([create([block])]))).status).toBe(200);
  }
  const { seq } = (await env.META_0.prepare("SELECT seq FROM namespaces WHERE user_id = ?").bind(eve.user).first<{ seq: number }>()) ?? {};
  expect(seq).toBe(0);
});
