import { createHmac } from "node:crypto";
import { createCaller } from "@ashlar/client/edge/caller";
import { createEdge } from "@ashlar/client/edge/edge";
import { zstd } from "@ashlar/client/node/compression";
import { hmacSha256 } from "@ashlar/client/node/hash";
import { UnreachableError } from "@ashlar/client/ports";
import { splitCommitBody } from "@ashlar/shared/commit-body";
import { blockHashSchema, epochSchema, nodeIdSchema, opIdSchema, rootId } from "@ashlar/shared/ids";
import { blockBytesMax, packBytesMax } from "@ashlar/shared/limits";
import { commitMediaType, type Op } from "@ashlar/shared/protocol/commit";
import { expect, test } from "vitest";
import { chanceAt, hastyClock } from "../support/clocks.ts";
import { bodyOf, fakeHttp, json, type Responder } from "../support/fake-http.ts";
import { sessionAt } from "../support/session.ts";

const hash = blockHashSchema.parse("ab".repeat(32));
const epoch = epochSchema.parse("e".repeat(22));
const remove: Op = { op: "delete", opId: opIdSchema.parse("o".repeat(22)), node: nodeIdSchema.parse("n".repeat(22)), baseRev: 1 };

const token = async () => "token";

function edgeOn(respond: Responder) {
  const http = fakeHttp(respond);
  const clock = hastyClock();
  const { user, device } = sessionAt(1, 0);
  const call = createCaller({ http, clock, random: chanceAt(0) });
  const session = { user, device, current: token, renew: token };
  return { http, edge: createEdge({ call, tokens: session, deviceName: "desk", hmac: hmacSha256, compression: zstd }) };
}

const bytes = (status: number, length: number) => ({ status, headers: {}, body: Uint8Array.from({ length }, (_, index) => index % 251) });

test("N4 an answer to check that leaves a block out is not believed", async () => {
  const { edge } = edgeOn(() => json({ states: ["have"] }));
  await expect(edge.check([{ hash, size: 1 }])).resolves.toEqual(["have"]);
  const two = edge.check([
    { hash, size: 1 },
    { hash, size: 1 },
  ]);
  await expect(two).rejects.toThrow(UnreachableError);
});

test("N4 a commit's results belong to its operations, in their order", async () => {
  const applied = { opId: remove.opId, status: "applied", seq: 1, rev: 2, version: 0 };
  const commit = (results: readonly unknown[]) =>
    edgeOn(() => json({ results, head: 1, changes: [] })).edge.commit([remove], { inline: [], deltas: [] });
  await expect(commit([applied])).resolves.toMatchObject({ head: 1 });
  for (const wrong of [[], [{ ...applied, opId: "x".repeat(22) }], [applied, applied]]) {
    await expect(commit(wrong)).rejects.toThrow(UnreachableError);
  }
});

test("N16 an address that is not a path of this server is refused, so that the token goes nowhere else", async () => {
  for (const url of ["https://elsewhere.example/b", "//elsewhere.example/b", "b", "/b\r\nhost: x", "/b c", ""]) {
    const { edge } = edgeOn(() => json({ blocks: [{ hash, size: 1, url }], expiresAt: 0 }));
    await expect(edge.locate([hash])).rejects.toThrow(UnreachableError);
    const { edge: other, http } = edgeOn(() => bytes(200, 5));
    await expect(other.fetch(url, undefined)).rejects.toThrow(UnreachableError);
    expect(http.requests).toEqual([]);
  }
});

test("N16 a block that reaches over its pack's end is refused", async () => {
  for (const [offset, used] of [
    [packBytesMax - 2, 1],
    [packBytesMax - 1, undefined],
  ] as const) {
    const { edge } = edgeOn(() => json({ blocks: [{ hash, size: 2, url: "/p", offset }], expiresAt: 0 }));
    const located = await edge.locate([hash]).catch((error: unknown) => error);
    expect(located instanceof UnreachableError ? undefined : located).toEqual(used && [{ hash, size: 2, url: "/p", offset }]);
  }
});

test("N17 a range is asked for in bytes, and cut out of the whole when the server sends that", async () => {
  const range = { offset: 10, length: 5 };
  const partial = edgeOn(() => bytes(206, 5));
  await expect(partial.edge.fetch("/p?sig=1", range)).resolves.toEqual(Uint8Array.of(0, 1, 2, 3, 4));
  expect(partial.http.requests[0]).toMatchObject({ path: "/p?sig=1", headers: { range: "bytes=10-14" } });
  await expect(edgeOn(() => bytes(200, 100)).edge.fetch("/p", range)).resolves.toEqual(Uint8Array.of(10, 11, 12, 13, 14));
});

test("N17 a range that comes shorter or longer than asked is not believed", async () => {
  const range = { offset: 10, length: 5 };
  for (const answer of [bytes(206, 4), bytes(206, 6), bytes(200, 14)]) {
    await expect(edgeOn(() => answer).edge.fetch("/p", range)).rejects.toThrow(UnreachableError);
  }
});

test("N23 content at an address goes into the memory that the caller hands in, tokens and tries in between", async () => {
  let asked = 0;
  const { http, edge } = edgeOn(() => (asked++ === 0 ? new Error("reset") : bytes(200, 5)));
  const into = new Uint8Array(5);
  await edge.fetch("/b/1", undefined, undefined, into);
  expect(http.requests.map((request) => request.into === into)).toEqual([true, true]);
});

test("N18 a commit's body carries the operations, and the inline blocks with their sizes", async () => {
  const { http, edge } = edgeOn(() =>
    json({ results: [{ opId: remove.opId, status: "applied", seq: 1, rev: 2, version: 0 }], head: 1, changes: [] }),
  );
  await edge.commit([remove], { inline: [{ hash, bytes: Uint8Array.of(1, 2, 3) }], deltas: [] });
  const [request] = http.requests;
  expect(request).toMatchObject({ method: "POST", path: "/v1/commits", headers: { "content-type": commitMediaType } });
  const { head, rest } = splitCommitBody(request?.body ?? new Uint8Array());
  expect(head).toEqual({ ops: [remove], inline: [{ hash, size: 3 }] });
  expect([...rest]).toEqual([1, 2, 3]);
});

test("N18 a block is put under its hash as plain bytes", async () => {
  const { http, edge } = edgeOn(() => ({ status: 201, headers: {}, body: new Uint8Array() }));
  await edge.putBlock(hash, { bytes: Uint8Array.of(7), encoding: "identity" });
  expect(http.requests[0]).toMatchObject({
    method: "PUT",
    path: `/v1/blocks/${hash}`,
    headers: { "content-type": "application/octet-stream" },
  });
  expect(http.requests[0]?.body).toEqual(Uint8Array.of(7));
});

test("N18 a commit's body carries its deltas behind the inline blocks, and says nothing of deltas when there are none", async () => {
  const { http, edge } = edgeOn(() =>
    json({ results: [{ opId: remove.opId, status: "applied", seq: 1, rev: 2, version: 0 }], head: 1, changes: [] }),
  );
  await edge.commit([remove], { inline: [{ hash, bytes: Uint8Array.of(1) }], deltas: [{ target: hash, frame: Uint8Array.of(2, 3) }] });
  const { head, rest } = splitCommitBody(http.requests[0]?.body ?? new Uint8Array());
  expect(head).toEqual({ ops: [remove], inline: [{ hash, size: 1 }], deltas: [{ target: hash, size: 2 }] });
  expect([...rest]).toEqual([1, 2, 3]);
});

test("N30 a delta and a signature have their addresses, and a compressed block says that it is", async () => {
  const { http, edge } = edgeOn(() => bytes(200, 3));
  await edge.putDelta(hash, Uint8Array.of(7));
  await edge.putBlock(hash, { bytes: Uint8Array.of(8), encoding: "zstd" });
  expect(await edge.signature(hash)).toEqual(Uint8Array.of(0, 1, 2));
  expect(http.requests.map(({ method, path, headers }) => [method, path, headers["content-type"], headers["ashlar-encoding"]])).toEqual([
    ["POST", `/v1/blocks/${hash}/delta`, "application/octet-stream", undefined],
    ["PUT", `/v1/blocks/${hash}`, "application/octet-stream", "zstd"],
    ["GET", `/v1/blocks/${hash}/signature`, undefined, undefined],
  ]);
});

test("N31 a whole block may come compressed, a range may not, and what does not decompress is handed on as it came", async () => {
  const plain = new Uint8Array(100_000);
  const compressed = (body: Uint8Array) => edgeOn(() => ({ status: 200, headers: { "ashlar-encoding": "zstd" }, body }));
  const whole = compressed(await zstd.compress(plain));
  expect(Buffer.compare(await whole.edge.fetch("/b", undefined), plain)).toBe(0);
  expect(whole.http.requests[0]?.headers["ashlar-accept-encoding"]).toBe("zstd");
  const range = edgeOn(() => bytes(206, 5));
  await range.edge.fetch("/p", { offset: 0, length: 5 });
  expect(range.http.requests[0]?.headers["ashlar-accept-encoding"]).toBeUndefined();
  for (const bad of [Uint8Array.of(1, 2, 3), await zstd.compress(new Uint8Array(blockBytesMax + 1))]) {
    expect(Buffer.compare(await compressed(bad).edge.fetch("/b", undefined), bad)).toBe(0);
  }
});

test("N16 a delta at an address that is not a path of this server is refused", async () => {
  const located = (url: string) =>
    edgeOn(() => json({ blocks: [{ hash, size: 1, url: "/b", deltas: [{ url, size: 1, bases: [hash] }] }], expiresAt: 0 }));
  await expect(located("https://elsewhere.example/d").edge.locate([hash])).rejects.toThrow(UnreachableError);
  await expect(located("/d").edge.locate([hash])).resolves.toHaveLength(1);
});

test("N20 each read has its address", async () => {
  const page = { epoch, head: 0, changes: [] };
  const version = { node: rootId, version: 3, manifest: "", size: 0, mtimeMs: 0 };
  const { http, edge } = edgeOn(({ path }) => json(path.includes("/changes") ? page : version));
  await edge.changes(0, null);
  await edge.changes(7, epoch);
  await edge.changes(7, epoch, undefined, remove.opId);
  await expect(edge.manifest(rootId, 3)).resolves.toBe("");
  expect(http.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    "GET /v1/changes?since=0",
    `GET /v1/changes?since=7&epoch=${epoch}`,
    `GET /v1/changes?since=7&epoch=${epoch}&op=${remove.opId}`,
    `GET /v1/files/${rootId}/versions/3`,
  ]);
});

test("N20 folders that are asked for together share a request, and one that does not exist is its asker's alone", async () => {
  const folder = {
    node: rootId,
    parent: rootId,
    name: "",
    kind: "folder",
    rev: 1,
    version: 0,
    size: 0,
    mtimeMs: 0,
    mode: 0o755,
    digest: "",
  };
  const tree = { epoch, head: 0, folder, children: [], next: null };
  const { http, edge } = edgeOn(() => json({ folders: [tree, null] }));
  const [there, gone] = await Promise.allSettled([edge.tree(rootId, null), edge.tree(rootId, "a&b", undefined, hash)]);
  expect(there).toMatchObject({ status: "fulfilled", value: tree });
  expect(gone).toMatchObject({ status: "rejected", reason: { code: "not-found" } });
  expect(http.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /v1/tree"]);
  expect(http.requests.map(bodyOf)).toEqual([{ folders: [{ node: rootId }, { node: rootId, after: "a&b", known: hash }] }]);
  await expect(edge.tree(rootId, null)).rejects.toThrow(UnreachableError);
});

test("N20 nothing is asked about no blocks", async () => {
  const { http, edge } = edgeOn(() => json({}));
  await expect(edge.check([])).resolves.toEqual([]);
  await expect(edge.locate([])).resolves.toEqual([]);
  expect(http.requests).toHaveLength(0);
});

test("N20 hashes to check and to locate are sent as the protocol has them", async () => {
  const { http, edge } = edgeOn(({ path }) => json(path.endsWith("check") ? { states: ["upload"] } : { blocks: [], expiresAt: 0 }));
  await edge.check([{ hash, size: 1 }]);
  await edge.locate([hash]);
  expect(http.requests.map(bodyOf)).toEqual([{ blocks: [{ hash, size: 1 }] }, { hashes: [hash] }]);
});

test("U40 a proof is the HMAC of the block's bytes, keyed with the nonce's characters", async () => {
  const { http, edge } = edgeOn(() => ({ status: 204, headers: {}, body: new Uint8Array() }));
  const nonce = `1800000000.${"n".repeat(43)}`;
  await edge.prove(hash, nonce, new TextEncoder().encode("what was in the file"));
  expect(http.requests[0]).toMatchObject({ method: "POST", path: "/v1/blocks/prove" });
  const proof = createHmac("sha256", Buffer.from(nonce, "ascii")).update("what was in the file").digest("base64url");
  expect(bodyOf(http.requests[0])).toEqual({ hash, nonce, proof });
});
