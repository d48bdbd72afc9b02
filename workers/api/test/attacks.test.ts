/** The known ways to get at a block that one never had, and to learn who has it, played by Eve, who knows its name and size. */
import { hmacSha256, randomBytes } from "@ashlar/durable-objects/crypto";
import { createUrlSigner } from "@ashlar/server/blocks/signed-url";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import { encodeManifest } from "@ashlar/shared/manifest";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { protocolVersion } from "@ashlar/shared/protocol/version";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { heldBlock, large, newHolder, nonceFor, proofOf, prove } from "./holders.ts";
import { check, expectProblem, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";

/** Held by one other, and by many. */
let secret: TestBlock;
let popular: TestBlock;
let ada: Signed;
beforeAll(async () => {
  secret = large();
  ada = await newHolder(secret);
  popular = await heldBlock();
});

function commit(as: Signed, { hash, size }: TestBlock): Promise<Response> {
  const [opId, node] = [newId<OpId>(randomBytes), newId<NodeId>(randomBytes)];
  const manifest = encodeManifest([{ hash, size }]);
  const op = { op: "create", kind: "file", opId, node, parent: rootId, name: "loot", manifest, size, mtimeMs: 0, mode: 0o644 } as const;
  const body = encodeCommitBody({ ops: [op], inline: [] }, []);
  return send("POST", "/v1/commits", { as, body, headers: { "content-type": commitMediaType } });
}

/** Whatever Eve did, the block is not hers: she can neither name it nor be told where it is. */
async function expectNothingGained(eve: Signed, block: TestBlock): Promise<void> {
  expect(await check(eve, [block])).not.toEqual({ states: ["have"] });
  await expectProblem(await commit(eve, block), "block-missing");
  const located = await send("POST", "/v1/blocks/locate", { as: eve, json: { hashes: [block.hash] } });
  expect(await located.json()).toMatchObject({ blocks: [] });
}

const kinds = [
  ["one other", () => secret],
  ["many others", () => popular],
] as const;

test.for(kinds)("B1 committing the name of a block that %s hold gives nothing (I2)", async ([, block]) => {
  const eve = await newDevice();
  await check(eve, [block()]);
  await expectNothingGained(eve, block());
});

test.for(kinds)(
  "B8 sending other bytes under the name of a block that %s hold gives nothing, and harms nothing (I1, I2)",
  async ([, block]) => {
    const eve = await newDevice();
    const { hash, size, bytes } = block();
    for (const body of [newBlock(size).bytes, newBlock(1).bytes]) {
      await expectProblem(await send("PUT", `/v1/blocks/${hash}`, { as: eve, body }), "hash-mismatch");
    }
    await expectNothingGained(eve, block());
    expect(await (await env.BLOCKS.get(`b/${hash}`))?.bytes()).toEqual(bytes);
  },
);

test.for(kinds)("B14 the signed address that a holder has of a block that %s hold gives nothing to anybody else", async ([, block]) => {
  const eve = await newDevice();
  const url = createUrlSigner((message) => hmacSha256(env.URL_KEY, message)).sign({
    user: ada.user,
    kind: "b",
    key: block().hash,
    now: Date.now(),
  });
  expect((await send("GET", url, { as: ada })).status).toBe(200);
  await expectProblem(await send("GET", url, { as: eve }), "bad-signature");
  await expectProblem(await send("GET", url), "unauthenticated");
});

test("B43 a proof that Eve saw a holder make, and one under a nonce that was not hers, give nothing (I2)", async () => {
  const [bob, eve] = [await newDevice(), await newDevice()];
  const nonce = await nonceFor(bob, popular);
  const proof = proofOf(nonce, popular.bytes);
  expect((await prove(bob, popular, nonce, proof)).status).toBe(204);
  const own = await nonceFor(eve, popular);
  for (const tried of [nonce, own]) await expectProblem(await prove(eve, popular, tried, proof), "proof-failed");
  // A nonce for a block that she does have is none for another.
  const mine = await heldBlock();
  const forMine = await nonceFor(eve, mine);
  await expectProblem(await prove(eve, popular, forMine, proofOf(forMine, mine.bytes)), "proof-failed");
  await expectNothingGained(eve, popular);
});

test("B41 asking about, sending and committing a block tells nobody whether one other user has it (I2)", async () => {
  // Eve guessed what Ada may have, so she has the bytes of both; only one guess is right.
  const eve = await newDevice();
  const wrong = large();
  const seen = [];
  for (const guess of [secret, wrong]) {
    const answers = [await send("POST", "/v1/blocks/check", { as: eve, json: { blocks: [{ hash: guess.hash, size: guess.size }] } })];
    const before = await expectRefusal(eve, guess);
    answers.push(await put(eve, guess), await send("POST", "/v1/blocks/locate", { as: eve, json: { hashes: [guess.hash] } }));
    // Addresses' expiry is a matter of the clock alone.
    const bodies = await Promise.all(answers.map(async (answer) => (await answer.text()).replace(/"expiresAt":\d+/, "")));
    seen.push({ statuses: answers.map(({ status }) => status), headers: answers.map(({ headers }) => [...headers]), bodies, before });
  }
  expect(seen[0]).toEqual(seen[1]);
});

/** What a commit of it is answered before it was sent, without its name. */
async function expectRefusal(eve: Signed, guess: TestBlock): Promise<string> {
  const answer = await commit(eve, guess);
  expect(answer.status).toBe(409);
  return (await answer.text()).replaceAll(guess.hash, "HASH");
}

test("B22 a block or a signature that another user's device fetched comes no faster, and in no other form, to Eve (I2)", async () => {
  const [bob, eve] = [await newDevice(), await newDevice()];
  // She has sent what she guessed Bob has, so that both may read it.
  const guess = large();
  for (const as of [bob, eve]) expect((await put(as, guess)).status).toBe(204);
  const signer = createUrlSigner((message) => hmacSha256(env.URL_KEY, message));
  const address = ({ user }: Signed) => signer.sign({ user, kind: "b", key: guess.hash, now: Date.now() });
  const signature = `/v1/blocks/${guess.hash}/signature`;
  for (const path of [address(bob), signature]) {
    await (await send("GET", path, { as: bob })).arrayBuffer();
    const cached = path === signature ? `s/${protocolVersion}/${guess.hash}` : `b/${guess.hash}`;
    await expect.poll(() => caches.default.match(`https://objects.ashlar.internal/${bob.user}/${cached}`)).toBeDefined();
  }
  // Whatever she gets now did not come from the bucket.
  await env.BLOCKS.delete(`b/${guess.hash}`);
  await expectProblem(await send("GET", address(eve), { as: eve }), "not-found");
  await expectProblem(await send("GET", address(eve), { as: eve, headers: { range: "bytes=0-9" } }), "not-found");
  await expectProblem(await send("GET", signature, { as: eve }), "not-found");
  for (const path of [address(bob), signature]) expect((await send("GET", path, { as: bob })).status).toBe(200);
});
