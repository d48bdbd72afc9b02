import { planArchive } from "@ashlar/server/content/archive-plan";
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { archiveNodesMax, blockBytesMax } from "@ashlar/shared/limits";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { metaShard } from "../src/env.ts";
import { committed, create, newNode, newOp } from "./commit-support.ts";
import { expectProblem, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";
import { unzip } from "./support/unzip.ts";

const mkdir = (node: NodeId, parent: NodeId, name: string) => ({ op: "mkdir", opId: newOp(), node, parent, name, mode: 0o755 });
const fileIn = (parent: NodeId, name: string, blocks: readonly TestBlock[], node = newNode()) => ({
  ...create(node, blocks, name),
  parent,
});

async function addressOf(as: Signed, nodes: readonly string[]): Promise<string> {
  const response = await send("POST", "/v1/archives", { as, json: { nodes } });
  expect(response.status).toBe(200);
  return signedAddressSchema.parse(await response.json()).url;
}

async function archiveOf(as: Signed, nodes: readonly string[]) {
  const response = await send("GET", await addressOf(as, nodes));
  expect(response.status).toBe(200);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(String(bytes.length)).toBe(response.headers.get("content-length"));
  return { headers: response.headers, entries: new Map(unzip(bytes).map(({ name, bytes: content }) => [name, content])) };
}

let ada: Signed;
const [top, sub, empty, single] = [newNode(), newNode(), newNode(), newNode()];
const big = newBlock(200_000);
const small = Array.from({ length: 30 }, (_, index) => newBlock(100 + index));

beforeAll(async () => {
  ada = await newDevice();
  await put(ada, big);
  await committed(
    ada,
    [
      mkdir(top, rootId, "Fotos ü"),
      mkdir(sub, top, "sub"),
      mkdir(empty, top, "empty"),
      fileIn(top, "big.bin", [big, ...small.slice(0, 1), big], single),
      fileIn(sub, "nothing", []),
      ...small.map((block, index) => fileIn(sub, `${index}.txt`, [block])),
      fileIn(sub, "..\\..\\evil", small.slice(3, 4)),
      fileIn(sub, "A.txt", small.slice(1, 2)),
      fileIn(sub, "a.txt", small.slice(2, 3)),
      { ...create(newNode(), small.slice(5, 6), "link"), parent: sub, kind: "symlink" },
    ],
    { inline: small },
  );
});

test("CT14 a folder comes as one ZIP of all that is in it, stored, its length known beforehand", async () => {
  const { headers, entries } = await archiveOf(ada, [top]);
  expect(headers.get("content-type")).toBe("application/zip");
  expect(headers.get("content-disposition")).toBe(`attachment; filename="Fotos _.zip"; filename*=UTF-8''Fotos%20%C3%BC.zip`);
  expect(entries.get("Fotos ü/big.bin")?.equals(Buffer.concat([big.bytes, small[0]?.bytes ?? big.bytes, big.bytes]))).toBe(true);
  for (const [index, { bytes }] of small.entries()) expect(entries.get(`Fotos ü/sub/${index}.txt`)?.equals(bytes)).toBe(true);
  expect(entries.get("Fotos ü/sub/nothing")).toHaveLength(0);
  expect(entries.get("Fotos ü/empty/")).toHaveLength(0);
  expect(entries.size).toBe(3 + 1 + 1 + 30 + 1 + 2);
});

test("CT14 an archive longer than 4 GiB is announced with the records of Zip64", async () => {
  const as = await newDevice();
  const block = newBlock(blockBytesMax);
  await put(as, block);
  const [long, short] = [newNode(), newNode()];
  const blocks = 1025;
  const content = Array.from({ length: blocks }, () => block);
  await committed(as, [create(long, content, "a"), create(short, [block], "b")]);
  const lengthOf = async (node: string) =>
    Number((await send("HEAD", await addressOf(as, [node]))).headers.get("content-length")) - (node === long ? blocks : 1) * blockBytesMax;
  // APPNOTE 4.3: heads of 30 and 46 bytes with their names of one, a descriptor of 16 and an end of 22.
  expect(await lengthOf(short)).toBe(31 + 47 + 16 + 22);
  // Sizes of 8 bytes in the descriptor; 4.3.14, 4.3.15 and 4.5.3 besides: an end of 56, its locator of 20, an extra field.
  const extra = 4 + 8 + 8 + 8;
  expect(await lengthOf(long)).toBe(31 + 47 + 24 + 22 + 56 + 20 + extra);
});

test("CT15 several nodes come as one archive, each once; what was deleted since is left out", async () => {
  const gone = newNode();
  await committed(ada, [create(gone, [], "gone")]);
  const { entries } = await archiveOf(ada, [sub, single, top, gone]);
  expect([...entries.keys()].filter((name) => !name.includes("/"))).toEqual(["gone"]);
  expect(entries.has("Fotos ü/sub/3.txt")).toBe(true);
  const address = await addressOf(ada, [single, gone]);
  await committed(ada, [{ op: "delete", opId: newOp(), node: gone, baseRev: 1 }]);
  const left = unzip(Buffer.from(await (await send("GET", address)).arrayBuffer()));
  expect(left.map(({ name }) => name)).toEqual(["big.bin"]);
  await expectProblem(await send("POST", "/v1/archives", { as: ada, json: { nodes: [gone] } }), "not-found");
  const everything = await archiveOf(ada, [rootId]);
  expect(everything.entries.has("Fotos ü/big.bin")).toBe(true);
});

test("CT16 names are safe and differ in any case, and symbolic links are left out", async () => {
  const { entries } = await archiveOf(ada, [sub]);
  expect(entries.has("sub/.._.._evil")).toBe(true);
  expect(entries.has("sub/A.txt")).toBe(true);
  expect(entries.get("sub/a (2).txt")?.equals(small[2]?.bytes ?? big.bytes)).toBe(true);
  expect([...entries.keys()].some((name) => name.includes("link"))).toBe(false);
});

test("CT17 an archive is of 1 to 200 nodes and has a bounded number of entries", async () => {
  const nodes = Array.from({ length: archiveNodesMax }, () => newNode());
  const ask = (list: readonly string[]) => send("POST", "/v1/archives", { as: ada, json: { nodes: list } });
  const longest = await ask([single, ...nodes.slice(1)]);
  expect((await send("HEAD", signedAddressSchema.parse(await longest.json()).url)).status).toBe(200);
  await expectProblem(await ask([single, ...nodes]), "bad-request");
  await expectProblem(await ask([]), "bad-request");
  const db = metaShard(env, ada.shard);
  const { entries } = await planArchive(db, ada.user, [sub]);
  // Its link counts as well.
  expect((await planArchive(db, ada.user, [sub], { entriesMax: entries.length + 1 })).entries).toHaveLength(entries.length);
  await expect(planArchive(db, ada.user, [sub], { entriesMax: entries.length })).rejects.toMatchObject({ code: "archive-too-large" });
});

test("CT20 the paths in an archive have a bounded number of characters", async () => {
  const db = metaShard(env, ada.shard);
  const { entries } = await planArchive(db, ada.user, [top]);
  const pathCharsMax = entries.reduce((total, { path }) => total + path.length, 0);
  expect((await planArchive(db, ada.user, [top], { pathCharsMax })).entries).toEqual(entries);
  const more = planArchive(db, ada.user, [top], { pathCharsMax: pathCharsMax - 1 });
  await expect(more).rejects.toMatchObject({ code: "archive-too-large" });
});

test("CT18 an archive with a damaged file ends before its announced length", async () => {
  const as = await newDevice();
  const [first, second] = [newBlock(100_000), newBlock(100_001)];
  for (const block of [first, second]) await put(as, block);
  const nodes = [newNode(), newNode()] as const;
  await committed(as, [create(nodes[0], [first], "a"), create(nodes[1], [second], "b")]);
  await env.BLOCKS.delete(`b/${second.hash}`);
  const response = await send("GET", await addressOf(as, nodes));
  await expect(response.arrayBuffer()).rejects.toBeInstanceOf(Error);
});

test("CT5 an archive of another's nodes is not made, and its address is good for nothing else", async () => {
  const eve = await newDevice();
  await expectProblem(await send("POST", "/v1/archives", { as: eve, json: { nodes: [top] } }), "not-found");
  await expectProblem(await send("POST", "/v1/archives", { json: { nodes: [top] } }), "unauthenticated");
  const address = await addressOf(ada, [single]);
  await expectProblem(await send("GET", address.replace("/v1/z/", "/v1/c/")), "bad-signature");
});
