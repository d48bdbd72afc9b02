import { randomBytes } from "@ashlar/durable-objects/crypto";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import { type DeviceId, type Epoch, newId, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import { changesPageMax, treeFoldersMax } from "@ashlar/shared/limits";
import {
  changesResponseSchema,
  closeCodes,
  socketProtocol,
  socketTokenPrefix,
  versionResponseSchema,
} from "@ashlar/shared/protocol/change";
import type { Op } from "@ashlar/shared/protocol/commit";
import { treeResponseSchema } from "@ashlar/shared/protocol/tree";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { signAccessToken } from "../src/http/access-token.ts";
import { expectProblem, send } from "./support.ts";

const origin = "http://ashlar.test";
const newNode = () => newId<NodeId>(randomBytes);

async function newUser() {
  const identity = { user: newId<UserId>(randomBytes), device: newId<DeviceId>(randomBytes), shard: 1 };
  const epoch = newId<Epoch>(randomBytes);
  await ensureNamespace(env.META_1, { user: identity.user, epoch, now: Date.now(), quotaBytes: 1e9 });
  const { token } = await signAccessToken(env.TOKEN_KEY, identity, Date.now());
  const get = (path: string, headers: Record<string, string> = {}) =>
    exports.default.fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
  const refusal = async (path: string, headers?: Record<string, string>) => {
    const response = await get(path, headers);
    const { code } = await response.json<{ code: string }>();
    return code;
  };
  const commit = async (...ops: Op[]) => {
    const answer = await env.USER_SYNC.getByName(identity.user).commit({ ...identity, ops, packs: [], pushInline: [] });
    if (!answer.ok) throw new Error(answer.detail);
    return answer.response;
  };
  return { ...identity, epoch, token, get, refusal, commit };
}

const mkdirOp = (name: string): Op => ({ op: "mkdir", opId: newId<OpId>(randomBytes), node: newNode(), parent: rootId, name, mode: 0o755 });
const emptyFile = (node: NodeId, name: string): Op => ({
  op: "create",
  opId: newId<OpId>(randomBytes),
  node,
  parent: rootId,
  name,
  kind: "file",
  manifest: "",
  size: 0,
  mtimeMs: 7,
  mode: 0o600,
});

test("J14 the journal is read from a cursor, in pages, and refuses a cursor of another epoch", async () => {
  const user = await newUser();
  await user.commit(mkdirOp("a"), mkdirOp("b"), mkdirOp("c"));
  const page = changesResponseSchema.parse(await (await user.get("/v1/changes?since=0")).json());
  expect(page).toMatchObject({ epoch: user.epoch, head: 3, changes: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  const second = await user.get(`/v1/changes?since=1&epoch=${user.epoch}&limit=1`);
  expect(await second.json()).toMatchObject({ head: 3, changes: [{ seq: 2, path: "b" }] });
  expect(await (await user.get(`/v1/changes?since=3&epoch=${user.epoch}`)).json()).toMatchObject({ changes: [] });
  expect(await user.refusal(`/v1/changes?since=4&epoch=${user.epoch}`)).toBe("epoch-changed");
  expect(await user.refusal(`/v1/changes?since=1&epoch=${newId<Epoch>(randomBytes)}`)).toBe("epoch-changed");
  expect(await user.refusal("/v1/changes?since=1")).toBe("epoch-changed");
  const [first, last] = page.changes.map(({ opId }) => opId);
  expect(await (await user.get(`/v1/changes?since=1&epoch=${user.epoch}&op=${first}`)).json()).toMatchObject({
    changes: [{ seq: 2 }, { seq: 3 }],
  });
  expect(await user.refusal(`/v1/changes?since=1&epoch=${user.epoch}&op=${last}`)).toBe("epoch-changed");
});

test("J15 the journal refuses queries that are not in the protocol, at one past the limit", async () => {
  const user = await newUser();
  expect((await user.get(`/v1/changes?since=0&limit=${changesPageMax}`)).status).toBe(200);
  for (const query of [
    "",
    "since=-1",
    "since=x",
    "since=0&epoch=short",
    "since=0&since=1",
    "since=0&limit=0",
    `since=0&limit=${changesPageMax + 1}`,
  ]) {
    expect({ query, code: await user.refusal(`/v1/changes?${query}`) }).toEqual({ query, code: "bad-request" });
  }
  expect(await user.refusal("/v1/changes?since=0&other=1")).toBe("unknown-field");
});

test("J16 a folder is listed in order of names, and a version answers its manifest; another user's do not exist", async () => {
  const [user, other] = [await newUser(), await newUser()];
  const file = newNode();
  await user.commit(emptyFile(file, "file"), mkdirOp("a"));
  const tree = treeResponseSchema.parse(await (await user.get(`/v1/tree/${rootId}`)).json());
  expect(tree).toMatchObject({
    head: 2,
    folder: { node: rootId },
    children: [
      { name: "a", manifest: null },
      { name: "file", manifest: "" },
    ],
    next: null,
  });
  expect(await (await user.get(`/v1/tree/${rootId}?after=a`)).json()).toMatchObject({ children: [{ name: "file" }] });
  const version = versionResponseSchema.parse(await (await user.get(`/v1/files/${file}/versions/1`)).json());
  expect(version).toEqual({ node: file, version: 1, manifest: "", size: 0, mtimeMs: 7 });
  expect(await other.refusal(`/v1/files/${file}/versions/1`)).toBe("not-found");
  for (const path of [
    `/v1/tree/${file}`,
    `/v1/tree/${newNode()}`,
    "/v1/tree/..%2f..",
    `/v1/files/${file}/versions/2`,
    `/v1/files/${file}/versions/1e0`,
  ]) {
    expect({ path, code: await user.refusal(path) }).toEqual({ path, code: "not-found" });
  }
});

test("J26 a folder whose digest is known is not listed", async () => {
  const user = await newUser();
  await user.commit(mkdirOp("a"));
  const whole = treeResponseSchema.parse(await (await user.get(`/v1/tree/${rootId}`)).json());
  const { digest } = whole.folder;
  expect(await (await user.get(`/v1/tree/${rootId}?known=${digest}`)).json()).toMatchObject({
    folder: { digest },
    children: [],
    next: null,
  });
  expect(await (await user.get(`/v1/tree/${rootId}?known=${"0".repeat(64)}`)).json()).toEqual(whole);
  expect(await user.refusal(`/v1/tree/${rootId}?known=${digest.toUpperCase()}x`)).toBe("bad-request");
});

test("J17 a socket opens with the token in the header or as a subprotocol, and never in the query", async () => {
  const user = await newUser();
  const upgrade = { upgrade: "websocket" };
  const byHeader = await user.get("/v1/events", { ...upgrade, "sec-websocket-protocol": socketProtocol });
  const offer = `${socketProtocol}, ${socketTokenPrefix}${user.token}`;
  const byProtocol = await exports.default.fetch(`${origin}/v1/events`, { headers: { ...upgrade, "sec-websocket-protocol": offer } });
  for (const response of [byHeader, byProtocol]) {
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe(socketProtocol);
    response.webSocket?.accept();
    response.webSocket?.close(1000);
  }
  const inQuery = await exports.default.fetch(`${origin}/v1/events?token=${user.token}`, {
    headers: { ...upgrade, "sec-websocket-protocol": socketProtocol },
  });
  expect(inQuery.status).toBe(401);
  expect(await user.refusal("/v1/events")).toBe("upgrade-required");
  expect(await user.refusal("/v1/events", upgrade)).toBe("bad-request");
});

test("J25 an upgrade that the object refuses is answered as any refusal", async () => {
  const user = await newUser();
  await env.USER_SYNC.getByName(user.user).revoke(user.device);
  const response = await user.get("/v1/events", { upgrade: "websocket", "sec-websocket-protocol": socketProtocol });
  expect(response.headers.get("ashlar-protocol")).toBe("1");
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  await expectProblem(response, "device-revoked");
});

test("J18 a client cannot say in headers whose socket it wants", async () => {
  const [user, victim] = [await newUser(), await newUser()];
  const forged = { "x-ashlar-user": victim.user, "x-ashlar-device": victim.device, "x-ashlar-shard": "1" };
  const { webSocket } = await user.get("/v1/events", { ...forged, upgrade: "websocket", "sec-websocket-protocol": socketProtocol });
  if (webSocket === null) throw new Error("no socket came");
  const told = new Promise((resolve) => webSocket.addEventListener("message", ({ data }) => resolve(JSON.parse(String(data)))));
  webSocket.accept();
  await victim.commit(mkdirOp("secret"));
  webSocket.send(JSON.stringify({ type: "hello", epoch: null, cursor: 0 }));
  expect(await told).toMatchObject({ type: "welcome", epoch: user.epoch, head: 0 });
  const closed = new Promise<CloseEvent>((resolve) => webSocket.addEventListener("close", resolve));
  await env.USER_SYNC.getByName(user.user).revoke(user.device);
  expect((await closed).code).toBe(closeCodes.revoked);
});

const askFolders = (as: { token: string }, folders: unknown) => send("POST", "/v1/tree", { as, json: { folders } });
const rootTimes = (count: number) => Array.from({ length: count }, () => ({ node: rootId }));

test("J27 one request lists 1 to 20 folders, each as if it were asked for alone, and none of another user", async () => {
  const [user, other] = [await newUser(), await newUser()];
  const folder = mkdirOp("a");
  await user.commit(folder, mkdirOp("b"));
  const one = async (query: string) => treeResponseSchema.parse(await (await user.get(`/v1/tree/${query}`)).json());
  const root = await one(rootId);
  const questions = [{ node: rootId }, { node: folder.node }, { node: rootId, after: "a" }, { node: rootId, known: root.folder.digest }];
  expect(await (await askFolders(user, questions)).json()).toEqual({
    folders: [root, await one(folder.node), await one(`${rootId}?after=a`), await one(`${rootId}?known=${root.folder.digest}`)],
  });
  expect(await (await askFolders(other, [{ node: folder.node }])).json()).toEqual({ folders: [null] });
  expect((await askFolders(user, rootTimes(treeFoldersMax))).status).toBe(200);
  for (const folders of [rootTimes(treeFoldersMax + 1), [], [{ node: "x" }], [{ node: rootId, known: "x" }], "a"]) {
    await expectProblem(await askFolders(user, folders), "bad-request");
  }
  await expectProblem(await askFolders(user, [{ node: rootId, limit: 1 }]), "unknown-field");
  await expectProblem(await send("POST", "/v1/tree", { json: { folders: rootTimes(1) } }), "unauthenticated");
});
