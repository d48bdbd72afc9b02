import { locateBlocks } from "../../src/blocks/locate.ts";
import { packKey, splitIntoPacks, storePack } from "../../src/blocks/packs.ts";
import { createUrlSigner } from "../../src/blocks/signed-url.ts";
import { haveSmallBlocks, recordPack } from "../../src/blocks/small-blocks.ts";
import { leaseMs, packBlockBytesMax, packBytesMax, signedUrlMs, signedUrlWindowMs, prolongedMs } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { newBlock, newUser, type TestBlock } from "../support/blocks.ts";
import { mac, manualClock, memoryBucket, randomBytes } from "../support/ports.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

function setUp() {
  const db = sqliteD1("meta");
  const clock = manualClock();
  const bucket = memoryBucket();
  const user = newUser();
  const store = async (blocks: TestBlock[]) => {
    const pack = await storePack(bucket, user, blocks, randomBytes);
    await recordPack({ db, clock }, user, pack);
    return pack;
  };
  return { db, clock, bucket, user, store };
}

test("B11 a pack holds its blocks end to end at the offsets it tells", async () => {
  const { bucket, user, store } = setUp();
  const blocks = [newBlock(1), newBlock(packBlockBytesMax), newBlock(777)];
  const pack = await store(blocks);
  const stored = bucket.objects.get(packKey(user, pack.id)) ?? new Uint8Array();
  expect(stored.length).toBe(pack.size);
  for (const [at, { offset, size }] of pack.blocks.entries()) {
    expect(Buffer.from(stored.subarray(offset, offset + size)).equals(blocks[at]?.bytes ?? new Uint8Array())).toBe(true);
  }
});

test("B11 blocks are split into packs of at most 4 MiB, in their order", () => {
  const exact = Array.from({ length: packBytesMax / packBlockBytesMax }, () => ({ hash: newBlock(1).hash, size: packBlockBytesMax }));
  expect(splitIntoPacks(exact)).toEqual([exact]);
  const one = { hash: newBlock(1).hash, size: 1 };
  expect(splitIntoPacks([...exact, one])).toEqual([exact, [one]]);
  expect(splitIntoPacks([])).toEqual([]);
});

test("B11 a pack of nothing, or of more than 4 MiB, is not stored", async () => {
  const { bucket, user } = setUp();
  await expect(storePack(bucket, user, [], randomBytes)).rejects.toThrow(RangeError);
  const large = { ...newBlock(1), size: packBytesMax + 1 };
  await expect(storePack(bucket, user, [large], randomBytes)).rejects.toThrow(RangeError);
  expect(bucket.puts).toEqual([]);
});

test("B12 a small block is had by its user alone, for 72 hours from the last time it was named", async () => {
  const { db, clock, user, store } = setUp();
  const block = newBlock();
  await store([block]);
  expect(await haveSmallBlocks({ db, clock }, newUser(), [block.hash])).toEqual(new Set());
  clock.forward(leaseMs - 1);
  expect(await haveSmallBlocks({ db, clock }, user, [block.hash])).toEqual(new Set([block.hash]));
  clock.forward(leaseMs - 1);
  expect(await haveSmallBlocks({ db, clock }, user, [block.hash])).toEqual(new Set([block.hash]));
  clock.forward(leaseMs + prolongedMs);
  expect(await haveSmallBlocks({ db, clock }, user, [block.hash])).toEqual(new Set());
});

test("B12 a block whose pack ran out is taken from the pack that brought it again", async () => {
  const { db, clock, user, store } = setUp();
  const block = newBlock();
  await store([block]);
  clock.forward(leaseMs);
  const pack = await store([block]);
  expect(await haveSmallBlocks({ db, clock }, user, [block.hash])).toEqual(new Set([block.hash]));
  expect(db.raw.prepare("SELECT pack_id AS p FROM user_blocks").get()).toEqual({ p: pack.id });
});

test("B12 a block that is in a usable pack stays there when it comes again", async () => {
  const { db, user, store } = setUp();
  const block = newBlock();
  const first = await store([block]);
  await store([newBlock(), block]);
  expect(db.raw.prepare("SELECT pack_id AS p FROM user_blocks WHERE hash = ? AND user_id = ?").get(block.hash, user)).toEqual({
    p: first.id,
  });
});

test("B13 blocks are located for the user who has versions of them, and for nobody else", async () => {
  const { db, clock, user, store } = setUp();
  const signer = createUrlSigner(mac);
  const [first, second, unused] = [newBlock(10), newBlock(20), newBlock(30)];
  const large = newBlock(packBlockBytesMax + 1);
  const pack = await store([first, second, unused]);
  db.raw.prepare("UPDATE user_blocks SET refs = 1 WHERE hash IN (?, ?)").run(first.hash, second.hash);
  db.raw.prepare("INSERT INTO user_blocks (user_id, hash, size, refs) VALUES (?, ?, ?, 2)").run(user, large.hash, large.size);
  const hashes = [first, second, unused, large, newBlock()].map((block) => block.hash);
  const packUrl = signer.sign({ user, kind: "p", key: pack.id, now: clock.now() });
  const located = await locateBlocks({ db, signer }, user, hashes, clock.now());
  expect(located).toHaveLength(3);
  expect(located).toEqual(
    expect.arrayContaining([
      { hash: first.hash, size: 10, url: packUrl, offset: 0 },
      { hash: second.hash, size: 20, url: packUrl, offset: 10 },
      { hash: large.hash, size: large.size, url: signer.sign({ user, kind: "b", key: large.hash, now: clock.now() }) },
    ]),
  );
  expect(await locateBlocks({ db, signer }, newUser(), hashes, clock.now())).toEqual([]);
});

const now = 1_800_000_000_000;

function signed(user = newUser(), key = newBlock().hash as string) {
  const signer = createUrlSigner(mac);
  const query = new URL(signer.sign({ user, kind: "b", key, now }), "http://ashlar.test").searchParams;
  const object = { user, kind: "b" as const, key, expiry: query.get("e") ?? "", signature: query.get("s") ?? "" };
  return { signer, object };
}

test("B14 a signed address is good for its user, kind, object and expiry, and for no other", () => {
  const { signer, object } = signed();
  expect(signer.verify({ ...object, now })).toBe("good");
  const forged = [
    { ...object, user: newUser() },
    { ...object, kind: "p" as const },
    { ...object, key: newBlock().hash },
    { ...object, expiry: String(Number(object.expiry) + 1) },
    { ...object, expiry: "" },
    { ...object, signature: "" },
    { ...object, signature: object.signature.slice(1) },
    { ...object, signature: `${object.signature.startsWith("A") ? "B" : "A"}${object.signature.slice(1)}` },
  ];
  for (const attempt of forged) expect(signer.verify({ ...attempt, now })).toBe("forged");
});

test("B15 a signed address is good for at least an hour, the same within its window, and expires", () => {
  const { signer, object } = signed();
  const expiresAt = Number(object.expiry) * 1000;
  expect(expiresAt).toBe(signer.expiresAt(now));
  expect(expiresAt - now).toBeGreaterThanOrEqual(signedUrlMs);
  expect(expiresAt - now).toBeLessThan(signedUrlMs + signedUrlWindowMs);
  expect(signer.verify({ ...object, now: expiresAt - 1 })).toBe("good");
  expect(signer.verify({ ...object, now: expiresAt })).toBe("expired");
  const sign = (at: number) => signer.sign({ user: object.user, kind: "b", key: object.key, now: at });
  const last = expiresAt - signedUrlMs;
  expect(sign(last)).toBe(sign(now));
  expect(sign(last + 1)).not.toBe(sign(now));
});
