/** What one account, and whoever has links of it, can do, at the limits. */
import { rootId } from "@ashlar/shared/ids";
import { sessionDownloadsMax, sessionPeriodS, sessionRequestsMax, sessionWalksMax } from "@ashlar/shared/limits";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import { shareOpenedSchema, shareSchema, ticketHeader } from "@ashlar/shared/protocol/share";
import { expect, test } from "vitest";
import type { Env } from "../src/env.ts";
import { committed, create, newNode, newOp } from "./commit-support.ts";
import { deviceOf, expectProblem, newBlock, newDevice, send, sendAsItIs, type Signed } from "./support.ts";

/** Counts as the platform does, and has counted so many of each already. */
function counted(limit: number, before: number): RateLimit {
  const counts = new Map<string, number>();
  return {
    limit: async ({ key }) => {
      counts.set(key, (counts.get(key) ?? before) + 1);
      return { success: (counts.get(key) ?? 0) <= limit };
    },
  };
}

/** One more, and no other. */
const lastOf = (limit: number): RateLimit => counted(limit, limit - 1);

for (const [what, binding, most, path] of [
  ["request with a session", "SESSION_LIMIT", sessionRequestsMax, "/v1/usage"],
  ["read of a signed address", "DOWNLOAD_LIMIT", sessionDownloadsMax, `/v1/b/${"0".repeat(64)}`],
] as const) {
  test(`B30 of one account's devices ${what} number ${most} in ${sessionPeriodS} s is answered, and the next is told to wait`, () =>
    expectLimit(binding, most, path));
}

test("B31 of one account's devices the 60th search in ten seconds is answered, and the next is told to wait", () =>
  expectLimit("WALK_LIMIT", sessionWalksMax, "/v1/search?q=a"));

async function expectLimit(binding: keyof Env, most: number, path: string): Promise<void> {
  const [as, other] = [await newDevice(), await newDevice()];
  const bindings = { [binding]: lastOf(most) };
  const ask = (who: Signed) => sendAsItIs("GET", path, { as: who, bindings });
  expect((await ask(as)).status).not.toBe(429);
  await expectToWait(await ask(await deviceOf(as.user, as.shard)));
  expect((await ask(other)).status).not.toBe(429);
}

async function expectToWait(response: Response): Promise<void> {
  expect(response.headers.get("retry-after")).toBe(String(sessionPeriodS));
  await expectProblem(response, "too-many-requests");
}

/** A folder with a file in it. */
async function household() {
  const as = await newDevice();
  const [folder, file, block] = [newNode(), newNode(), newBlock(10)];
  const ops = [
    { op: "mkdir", opId: newOp(), node: folder, parent: rootId, name: "folder", mode: 0o755 },
    { ...create(file, [block], "file"), parent: folder },
  ];
  await committed(as, ops, { inline: [block] });
  return { as, folder, file };
}

const urlOf = async (answer: Response) => signedAddressSchema.parse(await answer.json()).url;
const fetched = (path: string, bindings: Partial<Env>) => sendAsItIs("GET", path, { bindings });

test("CT19 addresses of a device's count as reads of its account, archives as its archives", async () => {
  const { as, folder, file } = await household();
  const content = await urlOf(await send("POST", `/v1/files/${file}/address`, { as, json: { as: "inline" } }));
  const archive = await urlOf(await send("POST", "/v1/archives", { as, json: { nodes: [folder] } }));
  for (const [address, bindings] of [
    [content, { DOWNLOAD_LIMIT: lastOf(sessionDownloadsMax) }],
    [archive, { WALK_LIMIT: lastOf(sessionWalksMax) }],
  ] as const) {
    expect((await fetched(address, bindings)).status).toBe(200);
    await expectToWait(await fetched(address, bindings));
  }
});

test("B31 an archive is counted when its address is asked for, and again when it is fetched", async () => {
  const { as, folder } = await household();
  const bindings = { WALK_LIMIT: counted(sessionWalksMax, sessionWalksMax - 2) };
  const asked = await sendAsItIs("POST", "/v1/archives", { as, bindings, json: { nodes: [folder] } });
  const address = await urlOf(asked);
  expect((await fetched(address, bindings)).status).toBe(200);
  await expectToWait(await fetched(address, bindings));
});

test("SH14 visitors of an account's shares are limited together, and its devices do not wait for them", async () => {
  const { as, folder, file } = await household();
  const openOne = async () => {
    const { token } = shareSchema.parse(await (await send("POST", "/v1/shares", { as, json: { node: folder } })).json());
    const { ticket } = shareOpenedSchema.parse(await (await send("POST", `/v1/s/${token}/open`, { json: {} })).json());
    return { [ticketHeader]: ticket };
  };
  const [headers, others] = [await openOne(), await openOne()];
  const tree = `/v1/s/tree/${folder}`;
  const content = await urlOf(await send("POST", "/v1/s/address", { headers, json: { node: file, as: "inline" } }));
  const asked = { json: { nodes: [folder] } };
  const archive = await urlOf(await send("POST", "/v1/s/archive", { headers, ...asked }));

  const bindings = {
    SESSION_LIMIT: lastOf(sessionRequestsMax),
    DOWNLOAD_LIMIT: lastOf(sessionDownloadsMax),
    WALK_LIMIT: lastOf(sessionWalksMax),
  };
  expect((await sendAsItIs("GET", tree, { headers, bindings })).status).toBe(200);
  await expectToWait(await sendAsItIs("GET", tree, { headers: others, bindings }));
  expect((await fetched(content, bindings)).status).toBe(200);
  await expectToWait(await fetched(content, bindings));
  expect((await fetched(archive, bindings)).status).toBe(200);
  await expectToWait(await fetched(archive, bindings));
  await expectToWait(await sendAsItIs("POST", "/v1/s/archive", { headers, ...asked, bindings: { WALK_LIMIT: bindings.WALK_LIMIT } }));
  expect((await sendAsItIs("POST", "/v1/archives", { as, ...asked, bindings })).status).toBe(200);
});
