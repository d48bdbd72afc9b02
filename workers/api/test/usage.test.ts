/** What an account is told of itself. */
import { insightsSchema, pushBoundsMs } from "@ashlar/shared/protocol/insights";
import { usageSchema, type Usage } from "@ashlar/shared/protocol/usage";
import { env } from "cloudflare:workers";
import { zstdCompressSync } from "node:zlib";
import { encodingHeader } from "@ashlar/shared/protocol/block";
import { expect, test } from "vitest";
import { committed, create, newNode, update } from "./commit-support.ts";
import { heldBlock, nonceFor, proofOf, prove } from "./holders.ts";
import {
  deviceOf,
  editOf,
  expectProblem,
  frameOf,
  hashOf,
  newBlock,
  newDevice,
  put,
  send,
  sendAsItIs,
  sendDelta,
  type Signed,
  type TestBlock,
} from "./support.ts";

async function usageOf(as: Signed): Promise<Usage> {
  const response = await send("GET", "/v1/usage", { as });
  expect(response.status).toBe(200);
  return usageSchema.parse(await response.json());
}

function zeros(size: number): TestBlock {
  const bytes = new Uint8Array(size);
  crypto.getRandomValues(bytes.subarray(0, 16));
  return { hash: hashOf(bytes), size, bytes };
}

const account = (email: string) => ({ json: { email, password: "a long password", device: "laptop" } });

test("R5 what travelled counts as it came: whole, compressed, as a delta, proven, in a commit or before it", async () => {
  const as = await newDevice(1);
  const [whole, small, packed, proven] = [newBlock(200_000), newBlock(1000), zeros(150_000), await heldBlock()];
  const frame = new Uint8Array(zstdCompressSync(packed.bytes));
  await put(as, whole);
  await send("PUT", `/v1/blocks/${packed.hash}`, { as, body: frame, headers: { [encodingHeader]: "zstd" } });
  const nonce = await nonceFor(as, proven);
  expect((await prove(as, proven, nonce, proofOf(nonce, proven.bytes))).status).toBe(204);
  const node = newNode();
  const blocks = [whole, packed, proven, small];
  const size = blocks.reduce((total, block) => total + block.size, 0);
  await committed(as, [create(node, blocks)], { inline: [small] });
  expect((await usageOf(as)).total).toEqual({
    commits: 1,
    fileBytes: size,
    blockBytes: size,
    sentBytes: whole.size + frame.length + small.size,
  });

  const other = await deviceOf(as.user, as.shard);
  const [alone, along, smallEdit] = [editOf(whole), editOf(packed), editOf(small)];
  const [aloneFrame, alongFrame, smallFrame] = [frameOf(alone, whole), frameOf(along, packed), frameOf(smallEdit, small)];
  expect((await sendDelta(other, alone, aloneFrame)).status).toBe(204);
  const deltas = [
    [along, alongFrame],
    [smallEdit, smallFrame],
  ] as const;
  const edit = update(node, 1, [alone, along, proven, smallEdit]);
  await committed(other, [edit], { deltas });
  await committed(other, [edit], { deltas });
  const usage = await usageOf(as);
  const sentBytes = aloneFrame.length + alongFrame.length + smallFrame.length;
  const day = new Date().toISOString().slice(0, 10);
  expect(usage.days.find(({ device }) => device === other.device)).toEqual({
    day,
    device: other.device,
    commits: 1,
    fileBytes: size,
    blockBytes: size - proven.size,
    sentBytes,
  });
  expect(usage).toMatchObject({
    current: { bytes: size, files: 1, folders: 0 },
    history: { bytes: size },
    storedBytes: 2 * size - proven.size,
    saved: { storedBytes: proven.size },
  });
});

test("R5 nobody can tell from what he sent how others have stored the block", async () => {
  const [ada, eve] = [await newDevice(), await newDevice()];
  const block = zeros(150_000);
  const headers = { [encodingHeader]: "zstd" };
  await send("PUT", `/v1/blocks/${block.hash}`, { as: ada, body: new Uint8Array(zstdCompressSync(block.bytes)), headers });
  await put(eve, block);
  await committed(eve, [create(newNode(), [block])]);
  expect((await usageOf(eve)).total.sentBytes).toBe(block.size);
});

test("R9 insights are the usage, the names of its devices, and the push's times by day", async () => {
  const as = await newDevice();
  const named = await deviceOf(as.user, as.shard);
  await env.DIRECTORY.prepare(
    `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
     VALUES (?1, ?2, 'laptop', 0, 0, '', '', 0, 9e15)`,
  )
    .bind(named.user, named.device)
    .run();
  for (const device of [as, named]) await committed(device, [create(newNode(), [], device.device)]);
  const response = await send("GET", "/v1/insights", { as });
  const { usage, devices, push } = insightsSchema.parse(await response.json());
  expect(usage).toEqual(await usageOf(as));
  expect(new Map(devices.map(({ device, name }) => [device, name]))).toEqual(
    new Map([
      [as.device, null],
      [named.device, "laptop"],
    ]),
  );
  expect(push).toEqual({ boundsMs: [...pushBoundsMs], days: [] });
  await expectProblem(await send("GET", "/v1/insights"), "unauthenticated");
});

test("R7 a new account has the quota that is set, and gets no namespace from a setting that is no number", async () => {
  const bindings = { QUOTA_BYTES: "1234" };
  const response = await sendAsItIs("POST", "/v1/account", { ...account("quota@example.org"), bindings });
  expect(response.status).toBeLessThan(300);
  const session = (await response.json()) as { accessToken: string };
  const told = await send("GET", "/v1/usage", { as: { token: session.accessToken } });
  expect(await told.json()).toMatchObject({ quotaBytes: 1234, current: { bytes: 0, files: 0, folders: 0 }, days: [] });
  for (const wrong of ["", "1e9", "-1", "1 TiB"]) {
    const refused = await sendAsItIs("POST", "/v1/account", {
      ...account(`q${wrong.length}@example.org`),
      bindings: { QUOTA_BYTES: wrong },
    });
    await expectProblem(refused, "internal");
  }
  expect(env.QUOTA_BYTES).toBe(String(2 ** 40));
  await expectProblem(await send("GET", "/v1/usage"), "unauthenticated");
});
