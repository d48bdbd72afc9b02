import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { recordBindings, refusingBucket } from "./bindings.ts";
import { heldBlock, large, newHolder, nonceFor, proofOf, proofs, prove } from "./holders.ts";
import { check, expectProblem, newBlock, newDevice, put, send, sendAsItIs } from "./support.ts";

test("B42 who proves to have a block that enough others hold has it", async () => {
  const block = await heldBlock();
  const [own, small] = [large(), newBlock(100)];
  const as = await newDevice();
  expect(await check(as, [own, block, small])).toEqual({ states: ["upload", { prove: expect.any(String) }, "upload"] });
  const nonce = await nonceFor(as, block);
  const response = await prove(as, block, nonce, proofOf(nonce, block.bytes));
  expect(response.status).toBe(204);
  expect(await check(as, [block])).toEqual({ states: ["have"] });
});

test("B40 a proof is asked for from the drawn number of holders on, and with DEDUP=storage from none", async () => {
  const block = large();
  const needed = proofs.holdersNeeded(block.hash);
  for (let made = 0; made < needed; made++) {
    expect(await check(await newDevice(), [block])).toEqual({ states: ["upload"] });
    await newHolder(block);
  }
  const as = await newDevice();
  const nonce = await nonceFor(as, block);
  const blocks = [{ hash: block.hash, size: block.size }];
  for (const dedup of ["storage", "", "ON"]) {
    const bindings = { DEDUP: dedup };
    const answer = await sendAsItIs("POST", "/v1/blocks/check", { as, json: { blocks }, bindings });
    expect(await answer.json()).toEqual({ states: ["upload"] });
    const json = { hash: block.hash, nonce, proof: proofOf(nonce, block.bytes) };
    await expectProblem(await sendAsItIs("POST", "/v1/blocks/prove", { as, json, bindings }), "proof-failed");
  }
  expect(await check(as, [block])).toEqual({ states: [{ prove: expect.any(String) }] });
});

test("B43 a nonce of another user or block, a forged one and one that ran out are refused", async () => {
  const [block, other] = [await heldBlock(), await heldBlock()];
  const [ada, eve] = [await newDevice(), await newDevice()];
  const ofAda = await nonceFor(ada, block);
  const proof = proofOf(ofAda, block.bytes);
  await expectProblem(await prove(eve, block, ofAda, proof), "proof-failed");
  await expectProblem(await prove(ada, other, ofAda, proofOf(ofAda, other.bytes)), "proof-failed");
  const forged = `${Number(ofAda.split(".")[0]) + 60}.${ofAda.split(".")[1]}`;
  await expectProblem(await prove(ada, block, forged, proofOf(forged, block.bytes)), "proof-failed");
  const old = proofs.nonce({ user: ada.user, hash: block.hash, now: Date.now() - 3_600_000 });
  await expectProblem(await prove(ada, block, old, proofOf(old, block.bytes)), "proof-expired");
  expect(await check(ada, [block])).toEqual({ states: [{ prove: expect.any(String) }] });
  expect((await prove(ada, block, ofAda, proof)).status).toBe(204);
  // A proof that was seen on its way is worth nothing to anybody else.
  await expectProblem(await prove(eve, block, ofAda, proof), "proof-failed");
});

test("B43 what is no nonce or no proof is refused before anything is looked at", async () => {
  const as = await newDevice();
  const { hash } = large();
  const [nonce, proof] = [`1.${"a".repeat(43)}`, "a".repeat(43)];
  const ask = (json: unknown) => send("POST", "/v1/blocks/prove", { as, json });
  await expectProblem(await ask({ hash, nonce, proof }), "proof-failed");
  const malformed = [
    { hash, nonce },
    { hash, proof },
    { hash, nonce: proof, proof },
    { hash, nonce: `${nonce}a`, proof },
    { hash, nonce: `1234567890123.${proof}`, proof },
    { hash, nonce, proof: `${proof}a` },
    { hash, nonce, proof: proof.slice(1) },
    { hash: "x", nonce, proof },
  ];
  for (const json of malformed) await expectProblem(await ask(json), "bad-request");
  await expectProblem(await ask({ hash, nonce, proof, more: 1 }), "unknown-field");
  await expectProblem(await send("POST", "/v1/blocks/prove", { json: { hash, nonce, proof } }), "unauthenticated");
});

test("B44 a wrong proof is refused, and the block can still be sent", async () => {
  const block = await heldBlock();
  const as = await newDevice();
  const nonce = await nonceFor(as, block);
  for (const guess of [newBlock(block.size).bytes, block.bytes.subarray(1), new TextEncoder().encode(block.hash)]) {
    await expectProblem(await prove(as, block, nonce, proofOf(nonce, guess)), "proof-failed");
  }
  await env.BLOCKS.delete(`b/${block.hash}`);
  await expectProblem(await prove(as, block, nonce, proofOf(nonce, block.bytes)), "proof-failed");
  expect(await check(as, [block])).toEqual({ states: [{ prove: expect.any(String) }] });
  expect((await put(as, block)).status).toBe(204);
  expect(await check(as, [block])).toEqual({ states: ["have"] });
  expect(await (await env.BLOCKS.get(`b/${block.hash}`))?.bytes()).toEqual(block.bytes);
});

test("B27 a block that others have is answered, and asked of every binding, as one that nobody has (I2)", async () => {
  const [known, unknown] = [large(), large()];
  for (let others = 1; others < proofs.holdersNeeded(known.hash); others++) await newHolder(known);
  const as = await newDevice();
  const seen = [];
  for (const block of [known, unknown]) {
    const { bindings, log } = recordBindings(block.hash);
    const headers = { "content-length": String(block.size) };
    const response = await sendAsItIs("PUT", `/v1/blocks/${block.hash}`, { as, body: block.bytes, headers, bindings });
    seen.push({ status: response.status, headers: [...response.headers], body: await response.text(), log });
  }
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]?.log).toHaveLength(3);
});

test("B41 check of a block that one less than needed hold asks the same as of one that nobody has, until it answers (I2)", async () => {
  const [known, unknown] = [large(), large()];
  for (let others = 1; others < proofs.holdersNeeded(known.hash); others++) await newHolder(known);
  const as = await newDevice();
  const seen = [];
  for (const { hash, size } of [known, unknown]) {
    const { bindings, log } = recordBindings(hash);
    const response = await sendAsItIs("POST", "/v1/blocks/check", { as, json: { blocks: [{ hash, size }] }, bindings });
    seen.push({ headers: [...response.headers], body: await response.text(), log });
  }
  // The log has what is done after the answer too: the same statements, of which one finds a row to protect.
  const before = seen.map((one) => ({ ...one, log: one.log.slice(0, 1) }));
  expect(before[0]).toEqual(before[1]);
  expect(seen.map(({ log }) => log.length)).toEqual([2, 2]);
});

test("B45 many users who send the same block at once succeed, though the bucket takes one write a second of it", async () => {
  const users = await Promise.all(Array.from({ length: 5 }, () => newDevice()));
  const block = large();
  const { bucket, refused } = refusingBucket();
  const headers = { "content-length": String(block.size) };
  const answers = await Promise.all(
    users.map((as) => sendAsItIs("PUT", `/v1/blocks/${block.hash}`, { as, body: block.bytes, headers, bindings: { BLOCKS: bucket } })),
  );
  expect(answers.map(({ status }) => status)).toEqual(users.map(() => 204));
  for (const user of users) expect(await check(user, [block])).toEqual({ states: ["have"] });
  expect(refused()).toBeGreaterThan(0);
});
