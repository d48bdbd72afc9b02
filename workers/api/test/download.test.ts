import { hmacSha256, randomBytes } from "@ashlar/durable-objects/crypto";
import { packKey } from "@ashlar/server/blocks/packs";
import { createUrlSigner } from "@ashlar/server/blocks/signed-url";
import { locateHashesMax, packBlockBytesMax, signedUrlMs, signedUrlWindowMs } from "@ashlar/shared/limits";
import { locateResponseSchema } from "@ashlar/shared/protocol/block";
import { type PackId, newId } from "@ashlar/shared/ids";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { metaShard } from "../src/env.ts";
import { deviceOf, expectProblem, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";

const signer = createUrlSigner((message) => hmacSha256(env.URL_KEY, message));

/** As a commit does: the user's versions refer to the block. */
async function refer({ user, shard }: Signed, { hash, size }: TestBlock): Promise<void> {
  await metaShard(env, shard)
    .prepare(
      "INSERT INTO user_blocks (user_id, hash, size, refs) VALUES (?1, ?2, ?3, 1) ON CONFLICT (user_id, hash) DO UPDATE SET refs = refs + 1",
    )
    .bind(user, hash, size)
    .run();
}

async function locate(as: Signed, hashes: readonly string[]) {
  const response = await send("POST", "/v1/blocks/locate", { as, json: { hashes } });
  expect(response.status).toBe(200);
  return locateResponseSchema.parse(await response.json());
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

let ada: Signed;
let block: TestBlock;
let url: string;

beforeAll(async () => {
  ada = await newDevice();
  block = newBlock(packBlockBytesMax + 1000);
  await put(ada, block);
  await refer(ada, block);
  const [location] = (await locate(ada, [block.hash])).blocks;
  url = location?.url ?? "";
});

const get = (range?: string, more: Record<string, string> = {}) =>
  send("GET", url, { as: ada, headers: { ...(range !== undefined && { range }), ...more } });

test("B13 a large block and a small one are fetched where locate says", async () => {
  const small = newBlock(500);
  await put(ada, small);
  await refer(ada, small);
  const { blocks, expiresAt } = await locate(ada, [small.hash, block.hash, newBlock(1).hash]);
  expect(blocks).toHaveLength(2);
  expect(expiresAt).toBeGreaterThanOrEqual(Date.now() + signedUrlMs - 1000);
  const packed = blocks.find((found) => found.hash === small.hash);
  expect(packed?.offset).toBe(0);
  expect(await bytesOf(await send("GET", packed?.url ?? "", { as: ada }))).toEqual(small.bytes);
  expect(await bytesOf(await get())).toEqual(block.bytes);
});

test("B13 a block that the user sent but no version refers to, or that only another has, is not located", async () => {
  const eve = await newDevice();
  const unused = newBlock(packBlockBytesMax + 1);
  await put(eve, unused);
  await put(eve, block);
  expect((await locate(eve, [unused.hash, block.hash])).blocks).toEqual([]);
});

test("B20 locate takes 1 to 1,000 hashes", async () => {
  const hashes = Array.from({ length: locateHashesMax + 1 }, () => block.hash);
  expect((await locate(ada, hashes.slice(1))).blocks).toHaveLength(1);
  await expectProblem(await send("POST", "/v1/blocks/locate", { as: ada, json: { hashes } }), "bad-request");
  await expectProblem(await send("POST", "/v1/blocks/locate", { as: ada, json: { hashes: [] } }), "bad-request");
});

test("B21 a block's answer may be kept for ever by its user's device and nobody else, and is never compressed", async () => {
  // The second answer comes from the edge cache, the first from the bucket.
  for (const response of [
    await get(undefined, { "accept-encoding": "gzip, br" }),
    await get(undefined, { "accept-encoding": "gzip, br" }),
  ]) {
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("private, immutable, max-age=31536000");
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.headers.get("content-length")).toBe(String(block.size));
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("etag")).toBe(`"${block.hash}"`);
    expect(await bytesOf(response)).toEqual(block.bytes);
  }
});

test("B22 what the edge cache holds is answered without the bucket", async () => {
  const key = `b/${newBlock(1).hash}`;
  const hash = key.slice(2);
  const content = newBlock(50).bytes;
  await env.BLOCKS.put(key, content);
  const path = signer.sign({ user: ada.user, kind: "b", key: hash, now: Date.now() });
  expect(await bytesOf(await send("GET", path, { as: ada }))).toEqual(content);
  await expect.poll(() => caches.default.match(`https://objects.ashlar.internal/${ada.user}/${key}`)).toBeDefined();
  await env.BLOCKS.delete(key);
  expect(await bytesOf(await send("GET", path, { as: ada }))).toEqual(content);
  expect(await bytesOf(await send("GET", path, { as: ada, headers: { range: "bytes=10-19" } }))).toEqual(content.slice(10, 20));
  await expectProblem(await send("GET", path, { as: await newDevice() }), "bad-signature");
});

const size = packBlockBytesMax + 1000;
for (const from of ["the bucket", "the edge cache"] as const) {
  test(`B23 one range is answered as such from ${from}, at the ends of the block and past them`, async () => {
    const cached = from === "the edge cache";
    const fresh = newBlock(size);
    await env.BLOCKS.put(`b/${fresh.hash}`, fresh.bytes);
    const path = signer.sign({ user: ada.user, kind: "b", key: fresh.hash, now: Date.now() });
    if (cached)
      await caches.default.put(
        `https://objects.ashlar.internal/${ada.user}/b/${fresh.hash}`,
        new Response(fresh.bytes, { headers: { "cache-control": "public, max-age=60" } }),
      );
    const ask = (range: string, more: Record<string, string> = {}) => send("GET", path, { as: ada, headers: { range, ...more } });
    const satisfiable = [
      ["bytes=0-0", 0, 1],
      ["bytes=100-199", 100, 200],
      [`bytes=${size - 1}-`, size - 1, size],
      [`bytes=10-${size + 10}`, 10, size],
      ["bytes=-1", size - 1, size],
      [`bytes=-${size + 1}`, 0, size],
    ] as const;
    for (const [range, start, end] of satisfiable) {
      const response = await ask(range);
      expect(response.status).toBe(206);
      expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(response.headers.get("content-length")).toBe(String(end - start));
      expect(await bytesOf(response)).toEqual(fresh.bytes.slice(start, end));
    }
    for (const range of [`bytes=${size}-`, `bytes=${size}-${size + 5}`, "bytes=-0"]) {
      const response = await ask(range);
      expect(response.headers.get("content-range")).toBe(`bytes */${size}`);
      await expectProblem(response, "range-not-satisfiable");
    }
    expect((await ask("bytes=0-9", { "if-range": `"${fresh.hash}"` })).status).toBe(206);
    for (const range of ["bytes=5-4", "bytes=0-1,3-4", "bytes=-", "bytes=x-y", "items=0-1"]) expect((await ask(range)).status).toBe(200);
    expect((await ask("bytes=0-9", { "if-range": '"another"' })).status).toBe(200);
  });
}

test("B24 HEAD tells the size, and a device that has the block already is told so", async () => {
  const head = await send("HEAD", url, { as: ada });
  expect(head.status).toBe(200);
  expect(head.headers.get("content-length")).toBe(String(size));
  expect(await bytesOf(head)).toHaveLength(0);
  for (const tag of [`"${block.hash}"`, `W/"${block.hash}"`, `"x", "${block.hash}"`, "*"]) {
    const response = await get(undefined, { "if-none-match": tag });
    expect(response.status).toBe(304);
    expect(response.headers.get("etag")).toBe(`"${block.hash}"`);
  }
  expect((await get(undefined, { "if-none-match": '"another"' })).status).toBe(200);
});

test("B14 a signed address of another user is refused, whether the block exists or not, and needs a session", async () => {
  const eve = await newDevice();
  const missing = signer.sign({ user: ada.user, kind: "b", key: newBlock(1).hash, now: Date.now() });
  const refusals = [await send("GET", url, { as: eve }), await send("GET", missing, { as: eve })];
  const [existing, absent] = await Promise.all(refusals.map((response) => response.clone().text()));
  expect(existing).toBe(absent);
  for (const response of refusals) await expectProblem(response, "bad-signature");
  await expectProblem(await send("GET", url), "unauthenticated");
  const other = await deviceOf(ada.user, ada.shard);
  expect((await send("GET", url, { as: other })).status).toBe(200);
});

test("B14 a tampered address is refused, and an expired one told apart", async () => {
  const hash = block.hash;
  const forged = [
    `/v1/b/${hash}`,
    url.replace(/s=./, url.includes("s=A") ? "s=B" : "s=A"),
    url.replace(/e=\d+/, (expiry) => `${expiry}0`),
    url.replace(/&s=.*/, ""),
    url.replace(hash, newBlock(1).hash),
  ];
  for (const path of forged) await expectProblem(await send("GET", path, { as: ada }), "bad-signature");
  const old = signer.sign({ user: ada.user, kind: "b", key: hash, now: Date.now() - signedUrlMs - signedUrlWindowMs });
  await expectProblem(await send("GET", old, { as: ada }), "url-expired");
  await expectProblem(await send("GET", `${old}x`, { as: ada }), "bad-signature");
});

test("B19 what is no hash or pack id in a signed address names nothing, even well signed", async () => {
  for (const key of ["..%2F..%2Fb", "x", "%00"]) {
    for (const kind of ["b", "p"] as const) {
      await expectProblem(await send("GET", signer.sign({ user: ada.user, kind, key, now: Date.now() }), { as: ada }), "not-found");
    }
  }
});

test("B25 a pack is read from its user's own folder, and a missing object is answered not-found", async () => {
  const eve = await newDevice();
  const pack = newId<PackId>(randomBytes);
  await env.BLOCKS.put(packKey(eve.user, pack), new Uint8Array(10));
  const mine = signer.sign({ user: ada.user, kind: "p", key: pack, now: Date.now() });
  for (const method of ["GET", "HEAD"]) expect((await send(method, mine, { as: ada })).status).toBe(404);
  await expectProblem(await send("GET", mine, { as: ada, headers: { range: "bytes=0-1" } }), "not-found");
  const hers = signer.sign({ user: eve.user, kind: "p", key: pack, now: Date.now() });
  expect(await bytesOf(await send("GET", hers, { as: eve }))).toHaveLength(10);
});
