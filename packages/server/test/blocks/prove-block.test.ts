import { blockKey } from "../../src/blocks/store-block.ts";
import { leaseMs, proofMs, proveHoldersMax, proveHoldersMin } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { newBlock, newUser } from "../support/blocks.ts";
import { nonceIn, proofOf, provingWorld } from "../support/proving.ts";

/** A world where a proof of the block is asked for, and a user who is asked for it. */
async function askedForProof() {
  const world = provingWorld();
  const block = newBlock();
  await world.newHolders(proveHoldersMax, block);
  const user = newUser();
  const nonce = nonceIn((await world.check(user, [block]))[0]);
  world.log.length = 0;
  return { ...world, block, user, nonce };
}

test("B40 a proof is asked for from a number of other holders on that is drawn for each block, leases not counted", async () => {
  const world = provingWorld();
  for (let tried = 0; tried < 10; tried++) {
    const block = newBlock();
    const needed = world.proofs.holdersNeeded(block.hash);
    await world.newHolders(needed - 1, block);
    for (let leases = 0; leases < proveHoldersMax; leases++) await world.put(newUser(), block);
    expect(await world.check(newUser(), [block])).toEqual(["upload"]);
    const holder = await world.newHolder(block);
    expect(await world.check(newUser(), [block])).toEqual([{ prove: expect.any(String) }]);
    expect(await world.check(holder, [block])).toEqual(["have"]);
    expect(await world.check(newUser(), [block], "storage")).toEqual(["upload"]);
    await world.index.release(holder, [block.hash], 1);
    expect(await world.check(newUser(), [block])).toEqual(["upload"]);
  }
});

test("B40 the number is 3 to 10, each about as often, and the same whenever it is drawn again", () => {
  const { proofs } = provingWorld();
  const counts = new Map<number, number>();
  for (let drawn = 0; drawn < 4000; drawn++) {
    const { hash } = newBlock(8);
    const needed = proofs.holdersNeeded(hash);
    expect(proofs.holdersNeeded(hash)).toBe(needed);
    counts.set(needed, (counts.get(needed) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  expect([proveHoldersMin, proveHoldersMax]).toEqual([3, 10]);
  // 500 expected of each, with a standard deviation of 21.
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(170);
});

test("B42 who proves to have a block has it as if he had sent it, leased for 72 hours, and reads it once", async () => {
  const { check, prove, index, db, clock, block, user, nonce, log } = await askedForProof();
  expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("proven");
  expect(log.filter((entry) => !Object.hasOwn(Object(entry), "batch"))).toEqual([{ get: "b" }]);
  const holder = db.raw.prepare("SELECT expires_at FROM holders WHERE user_id = ?").get(user);
  expect(holder).toEqual({ expires_at: clock.now() + leaseMs });
  expect(await check(user, [block])).toEqual(["have"]);
  expect((await index.hold(user, [block], 0)).refused).toEqual(new Set());
  // Once more, since its answer may have been lost.
  expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("proven");
  expect(db.raw.prepare("SELECT expires_at FROM holders WHERE user_id = ?").get(user)).toEqual({ expires_at: null });
});

test("B43 a nonce is good for its user and block for five minutes, and nothing is read for any other", async () => {
  const { prove, check, newHolders, clock, block, user, nonce, index, log } = await askedForProof();
  const other = newBlock();
  await newHolders(proveHoldersMax, other);
  const foreign = nonceIn((await check(newUser(), [block]))[0]);
  const ofOther = nonceIn((await check(user, [other]))[0]);
  const [expiry = "", signature = ""] = nonce.split(".");
  const forged = `${Number(expiry) + 1000}.${signature}`;
  log.length = 0;
  for (const bad of [foreign, ofOther, forged, `${expiry}.${signature.slice(1)}A`, `0.${signature}`]) {
    expect(await prove(user, block, bad, proofOf(bad, block.bytes))).toBe("failed");
  }
  clock.forward(proofMs);
  expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("expired");
  expect(await prove(newUser(), block, nonce, proofOf(nonce, block.bytes))).toBe("failed");
  expect(log).toEqual([]);
  clock.forward(-1001);
  expect(await index.have(user, [block.hash])).toEqual(new Set());
  expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("proven");
});

test("B44 who knows a block's name and not its bytes proves nothing and gets nothing (I2)", async () => {
  const { check, prove, index, block, user, nonce } = await askedForProof();
  const guesses = [newBlock(block.size).bytes, new Uint8Array(), block.bytes.subarray(1), new TextEncoder().encode(block.hash)];
  for (const guess of guesses) expect(await prove(user, block, nonce, proofOf(nonce, guess))).toBe("failed");
  // What another user proved with under his nonce proves nothing under this one.
  const foreign = nonceIn((await check(newUser(), [block]))[0]);
  expect(await prove(user, block, nonce, proofOf(foreign, block.bytes))).toBe("failed");
  expect(await index.have(user, [block.hash])).toEqual(new Set());
  expect((await index.hold(user, [block], 0)).refused).toEqual(new Set([block.hash]));
});

test("B44 a block that is on its way out, or gone, is not proven", async () => {
  const { prove, db, block, user, nonce, log } = await askedForProof();
  const proof = proofOf(nonce, block.bytes);
  db.raw.exec("UPDATE blocks SET state = 'deleting'");
  expect(await prove(user, block, nonce, proof)).toBe("failed");
  db.raw.exec("DELETE FROM holders; DELETE FROM blocks");
  expect(await prove(user, block, nonce, proof)).toBe("failed");
  expect(log.filter((entry) => !Object.hasOwn(Object(entry), "batch"))).toEqual([]);
  expect(db.raw.prepare("SELECT * FROM blocks").all()).toEqual([]);
});

test("B44 a block that is protected by a proof under way is not collected, and one marked meanwhile gets no holder", async () => {
  const { prove, db, bucket, clock, block, user, nonce } = await askedForProof();
  clock.forward(1000);
  bucket.get = async (key) => {
    expect(db.raw.prepare("SELECT protected_until AS p FROM blocks").get()).toEqual({ p: clock.now() + leaseMs });
    db.raw.exec("UPDATE blocks SET state = 'deleting'");
    const stored = bucket.objects.get(key) ?? new Uint8Array();
    return { size: stored.length, arrayBuffer: async () => new Uint8Array(stored).buffer };
  };
  expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("failed");
  expect(db.raw.prepare("SELECT * FROM holders WHERE user_id = ?").get(user)).toBeUndefined();
});

for (const [how, harm] of [
  ["missing", () => undefined],
  ["rotten", (bytes: Uint8Array) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte))],
] as const) {
  test(`B44 a block whose object is ${how} is not proven, and the next who sends it mends it (I1)`, async () => {
    const { prove, put, bucket, index, block, user, nonce } = await askedForProof();
    const harmed = harm(block.bytes);
    if (harmed === undefined) bucket.objects.delete(blockKey(block.hash));
    else bucket.objects.set(blockKey(block.hash), harmed);
    expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("damaged");
    expect(await index.have(user, [block.hash])).toEqual(new Set());
    await put(user, block);
    expect(bucket.objects.get(blockKey(block.hash))).toEqual(new Uint8Array(block.bytes));
    expect(await prove(user, block, nonce, proofOf(nonce, block.bytes))).toBe("proven");
  });
}
