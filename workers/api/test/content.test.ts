import { revokeDevice } from "@ashlar/server/accounts/sessions";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { packBlockBytesMax, signedUrlMs, signedUrlWindowMs } from "@ashlar/shared/limits";
import { encodingHeader } from "@ashlar/shared/protocol/block";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import { env } from "cloudflare:workers";
import { zstdCompressSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { addressSigner } from "../src/download/content/address.ts";
import { committed, create, newNode, newOp, update } from "./commit-support.ts";
import { deviceOf, expectProblem, hashOf, newBlock, newDevice, put, send, sendAsItIs, type Signed, type TestBlock } from "./support.ts";

/** A block that compresses, as a zstd frame at the edge. */
async function putPacked(as: Signed, size: number): Promise<TestBlock> {
  const bytes = new Uint8Array(size);
  crypto.getRandomValues(bytes.subarray(0, 16));
  const block = { hash: hashOf(bytes), size, bytes };
  const body = new Uint8Array(zstdCompressSync(bytes));
  expect((await send("PUT", `/v1/blocks/${block.hash}`, { as, body, headers: { [encodingHeader]: "zstd" } })).status).toBe(204);
  return block;
}

const joined = (blocks: readonly TestBlock[]) => Buffer.concat(blocks.map(({ bytes }) => bytes));
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

async function addressOf(as: Signed, node: string, more: { version?: number; as?: string } = {}): Promise<string> {
  const response = await send("POST", `/v1/files/${node}/address`, { as, json: { as: "inline", ...more } });
  expect(response.status).toBe(200);
  return signedAddressSchema.parse(await response.json()).url;
}

let ada: Signed;
let whole: Buffer;
const file = newNode();
let url: string;
let blocks: TestBlock[];

beforeAll(async () => {
  ada = await newDevice();
  const [big, end] = [newBlock(300_000), newBlock(70_000)];
  await put(ada, big);
  await put(ada, end);
  const packed = await putPacked(ada, 200_000);
  const small = [newBlock(10), newBlock(packBlockBytesMax), newBlock(1)];
  const [one, two, three] = small;
  if (one === undefined || two === undefined || three === undefined) throw new Error("three blocks are made");
  // A block twice in a row, small ones between large ones, out of their pack's order, and once more at the end.
  blocks = [big, one, three, two, packed, packed, big, one, end, one];
  await committed(ada, [create(file, blocks, "a picture.png")], { inline: small });
  whole = joined(blocks);
  url = await addressOf(ada, file);
});

test("CT1 a file comes as its plain bytes, by a signed address or a token, whatever way its blocks are stored", async () => {
  const [byAddress, byToken] = [await send("GET", url), await send("GET", `/v1/files/${file}/content`, { as: ada })];
  for (const response of [byAddress, byToken]) {
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(whole.length));
    expect((await bytesOf(response)).equals(whole)).toBe(true);
  }
});

test("CT1 an empty file is an empty answer", async () => {
  const node = newNode();
  await committed(ada, [create(node, [], "empty.txt")]);
  const response = await send("GET", await addressOf(ada, node));
  expect(response.status).toBe(200);
  expect(await bytesOf(response)).toHaveLength(0);
});

test("CT2 a range is answered as such, at every border of blocks, and 416 outside", async () => {
  const ends = blocks.reduce<number[]>((all, { size }) => [...all, (all.at(-1) ?? 0) + size], []);
  const spans = ends.flatMap((end) => [
    [end - 1, end],
    [Math.max(0, end - 5), Math.min(whole.length, end + 5)],
  ]);
  for (const [from = 0, to = 0] of [...spans, [0, 1], [0, whole.length], [123_456, 654_321]]) {
    const response = await send("GET", url, { headers: { range: `bytes=${from}-${to - 1}` } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${from}-${to - 1}/${whole.length}`);
    expect((await bytesOf(response)).equals(whole.subarray(from, to))).toBe(true);
  }
  expect((await bytesOf(await send("GET", url, { headers: { range: "bytes=-7" } }))).equals(whole.subarray(-7))).toBe(true);
  const outside = await send("GET", url, { headers: { range: `bytes=${whole.length}-` } });
  expect(outside.headers.get("content-range")).toBe(`bytes */${whole.length}`);
  await expectProblem(outside, "range-not-satisfiable");
});

test("CT3 HEAD tells the size, a known state is 304, and a range of another state is the whole", async () => {
  const head = await send("HEAD", url);
  expect(head.headers.get("content-length")).toBe(String(whole.length));
  expect(await bytesOf(head)).toHaveLength(0);
  const etag = head.headers.get("etag") ?? "";
  expect((await send("GET", url, { headers: { "if-none-match": etag } })).status).toBe(304);
  const ask = (condition: string) => send("GET", url, { headers: { range: "bytes=0-9", "if-range": condition } });
  expect((await ask(etag)).status).toBe(206);
  expect((await ask('"another"')).status).toBe(200);
  const node = newNode();
  await committed(ada, [create(node, blocks.slice(0, 1), "other.png")]);
  expect((await send("HEAD", await addressOf(ada, node))).headers.get("etag")).not.toBe(etag);
});

test("CT4 an address is of the version that was asked for; of a deleted file while that is kept", async () => {
  const as = await newDevice();
  const node = newNode();
  const [first, second] = [newBlock(10), newBlock(20)];
  await committed(as, [create(node, [first], "notes.txt")], { inline: [first] });
  const old = await addressOf(as, node);
  await committed(as, [update(node, 1, [second])], { inline: [second] });
  expect((await bytesOf(await send("GET", old))).equals(first.bytes)).toBe(true);
  expect((await bytesOf(await send("GET", await addressOf(as, node, { version: 1 })))).equals(first.bytes)).toBe(true);
  expect((await bytesOf(await send("GET", await addressOf(as, node)))).equals(second.bytes)).toBe(true);
  expect((await bytesOf(await send("GET", `/v1/files/${node}/content?version=1`, { as }))).equals(first.bytes)).toBe(true);
  await committed(as, [{ op: "delete", opId: newOp(), node, baseRev: 2 }]);
  expect((await bytesOf(await send("GET", await addressOf(as, node)))).equals(second.bytes)).toBe(true);
  await expectProblem(await send("POST", `/v1/files/${node}/address`, { as, json: { as: "inline", version: 3 } }), "not-found");
});

test("CT5 an address cannot be made, bent to another user, node or version, or used after its time", async () => {
  const eve = await newDevice();
  await expectProblem(await send("POST", `/v1/files/${file}/address`, { as: eve, json: { as: "inline" } }), "not-found");
  await expectProblem(await send("GET", `/v1/files/${file}/content`, { as: eve }), "not-found");
  await expectProblem(await send("POST", `/v1/files/${file}/address`, { json: { as: "inline" } }), "unauthenticated");
  const [payload = "", signature = ""] = url.slice("/v1/c/".length).split(".");
  const grant: Record<string, unknown> = JSON.parse(Buffer.from(payload, "base64url").toString());
  const bent = [
    { ...grant, by: { user: eve.user, shard: eve.shard, device: eve.device } },
    { ...grant, node: newNode() },
    { ...grant, version: 2 },
    { ...grant, as: "download" },
    { ...grant, until: Date.now() * 2 },
  ];
  const forged = [
    ...bent.map((one) => `/v1/c/${Buffer.from(JSON.stringify(one)).toString("base64url")}.${signature}`),
    `/v1/c/${payload}`,
    `/v1/c/${payload}.`,
    `/v1/c/.${signature}`,
    `${url}x`,
    `${url}.x`,
    `/v1/c/${"A".repeat(8000)}`,
  ];
  for (const path of forged) await expectProblem(await send("GET", path), "bad-signature");
  const by = { user: ada.user, shard: ada.shard, device: ada.device };
  const signer = addressSigner(env);
  const past = Date.now() - signedUrlMs - signedUrlWindowMs;
  const old = signer.content({ by, node: nodeIdSchema.parse(file), version: 1, as: "inline" }, past);
  await expectProblem(await send("GET", old.url), "url-expired");
  // With another key nothing is good.
  await expectProblem(await sendAsItIs("GET", url, { bindings: { URL_KEY: "a third key, also of 32 characters" } }), "bad-signature");
});

test("CT6 an address ends when the device that asked for it is signed out, and no other device's does", async () => {
  const [one, two] = [await deviceOf(ada.user, ada.shard), await deviceOf(ada.user, ada.shard)];
  for (const { device } of [one, two]) {
    await env.DIRECTORY.prepare(
      `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
       VALUES (?1, ?2, 'x', 0, 0, '', '', 0, 9e15)`,
    )
      .bind(ada.user, device)
      .run();
  }
  const [first, second] = [await addressOf(one, file), await addressOf(two, file)];
  expect((await send("HEAD", first)).status).toBe(200);
  await revokeDevice({ db: env.DIRECTORY, clock: { now: Date.now } }, ada.user, one.device);
  await expectProblem(await send("GET", first), "device-revoked");
  expect((await send("HEAD", second)).status).toBe(200);
});

test("CT8 content is shown without rights in the app's origin: sandboxed, of a named type, to same-origin pages only", async () => {
  const { headers } = await send("HEAD", url);
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/^sandbox; default-src 'none';/);
  expect(policy).not.toMatch(/allow-|script/);
  expect(policy).toContain("frame-ancestors 'self'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
  expect(headers.get("content-type")).toBe("image/png");
  expect(headers.get("cache-control")).toBe("private, no-cache");
  expect(headers.get("content-encoding")).toBeNull();
});

test("CT9 a name cannot add a header or end one", async () => {
  const node = newNode();
  const name = 'a"b\r\nset-cookie: x=1;\\ ü💾\u202egpj.html';
  await committed(ada, [create(node, [], name.normalize("NFC"))]);
  const { headers } = await send("HEAD", await addressOf(ada, node, { as: "download" }));
  expect(headers.get("set-cookie")).toBeNull();
  expect(headers.get("content-disposition")).toBe(
    `attachment; filename="a_b__set-cookie: x=1;_ ___gpj.html"; filename*=UTF-8''a%22b__set-cookie%3A%20x%3D1%3B%5C%20%C3%BC%F0%9F%92%BE_gpj.html`,
  );
  expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

async function withDamaged(at: number, damage: (key: string) => Promise<unknown>) {
  const as = await newDevice();
  const parts = [newBlock(100_000), newBlock(100_001), newBlock(100_002)];
  for (const part of parts) await put(as, part);
  const node = newNode();
  await committed(as, [create(node, parts, "x.bin")]);
  await damage(`b/${parts[at]?.hash}`);
  return { as, node, parts };
}

test("CT10 a block that is damaged or gone ends the answer early, and not one wrong byte is in it", async () => {
  for (const damage of [
    (key: string) => env.BLOCKS.delete(key),
    (key: string) => env.BLOCKS.put(key, newBlock(100_001).bytes),
    (key: string) => env.BLOCKS.put(key, new Uint8Array(5)),
    (key: string) => env.BLOCKS.put(key, newBlock(500).bytes, { customMetadata: { encoding: "zstd", size: "100001" } }),
  ]) {
    const { as, node, parts } = await withDamaged(1, damage);
    const response = await send("GET", await addressOf(as, node));
    expect(response.headers.get("content-length")).toBe("300003");
    const got: Uint8Array[] = [];
    await expect(
      (async () => {
        for await (const part of response.body ?? []) got.push(part);
      })(),
    ).rejects.toThrow();
    expect(joined(parts).subarray(0, 100_000).equals(Buffer.concat(got))).toBe(true);
  }
});

test("CT10 when the first block is damaged the answer is a problem, and what is undamaged can still be had", async () => {
  const { as, node, parts } = await withDamaged(0, (key) => env.BLOCKS.delete(key));
  const address = await addressOf(as, node);
  await expectProblem(await send("GET", address), "not-found");
  const rest = await send("GET", address, { headers: { range: "bytes=100000-" } });
  expect((await bytesOf(rest)).equals(joined(parts).subarray(100_000))).toBe(true);
});

test("CT11 blocks come from the edge cache if they are whole there, and are put there", async () => {
  const as = await newDevice();
  const block = newBlock(150_000);
  await put(as, block);
  const node = newNode();
  await committed(as, [create(node, [block], "x.bin")]);
  const key = `https://objects.ashlar.internal/${as.user}/b/${block.hash}`;
  await caches.default.put(key, new Response("rotten", { headers: { "cache-control": "public, max-age=60" } }));
  const address = await addressOf(as, node);
  expect((await bytesOf(await send("GET", address))).equals(block.bytes)).toBe(true);
  await expect.poll(async () => (await caches.default.match(key))?.headers.get("content-length")).toBe("150000");
  await env.BLOCKS.delete(`b/${block.hash}`);
  expect((await bytesOf(await send("GET", address))).equals(block.bytes)).toBe(true);
});

test("CT12 a client that leaves ends the reading", async () => {
  const as = await newDevice();
  const parts = Array.from({ length: 20 }, () => newBlock(70_000));
  await Promise.all(parts.map((part) => put(as, part)));
  const node = newNode();
  await committed(as, [create(node, parts, "x.bin")]);
  let reads = 0;
  const bucket = new Proxy(env.BLOCKS, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      return (...args: unknown[]): unknown => {
        if (property === "get") reads++;
        return typeof method === "function" ? Reflect.apply(method, target, args) : method;
      };
    },
  });
  const bindings = { BLOCKS: bucket, EDGE_CACHE: "off" };
  const response = await sendAsItIs("GET", await addressOf(as, node), { bindings });
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  const soon = reads;
  await scheduler.wait(200);
  // What was on its way when it left, and one block at the most that was just begun.
  expect(reads).toBeLessThanOrEqual(soon + 1);
  expect(reads).toBeLessThan(12);
});
