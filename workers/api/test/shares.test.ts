import { rootId, type NodeId } from "@ashlar/shared/ids";
import { sharePasswordCharsMin, shareTicketMs } from "@ashlar/shared/limits";
import { signedAddressSchema } from "@ashlar/shared/protocol/content";
import {
  sharedTreeSchema,
  shareInfoSchema,
  shareOpenedSchema,
  shareSchema,
  sharesSchema,
  ticketHeader,
  type Share,
} from "@ashlar/shared/protocol/share";
import { seal } from "@ashlar/server/content/sealed";
import { pruneShares } from "@ashlar/server/shares/shares";
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { historyMs } from "@ashlar/shared/limits";
import { revokeDevice } from "@ashlar/server/accounts/sessions";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import { committed, create, newNode, newOp, update } from "./commit-support.ts";
import { deviceOf, expectProblem, newBlock, newDevice, send, sendAsItIs, type Signed, type TestBlock } from "./support.ts";
import { unzip } from "./support/unzip.ts";

// Many small requests each: a busy machine takes its time.
vi.setConfig({ testTimeout: 30_000 });

const mkdir = (node: NodeId, parent: NodeId, name: string) => ({ op: "mkdir", opId: newOp(), node, parent, name, mode: 0o755 });
const fileIn = (parent: NodeId, name: string, blocks: readonly TestBlock[], node = newNode()) => ({
  ...create(node, blocks, name),
  parent,
});
const block = newBlock(500);

/** docs/ (a.txt, link, inner/b.txt) and private.txt beside it. */
async function household() {
  const as = await newDevice();
  const [docs, a, inner, b, secret, link] = [newNode(), newNode(), newNode(), newNode(), newNode(), newNode()];
  await committed(
    as,
    [
      mkdir(docs, rootId, "docs"),
      fileIn(docs, "a.txt", [block], a),
      { ...fileIn(docs, "link", [block], link), kind: "symlink" },
      mkdir(inner, docs, "inner"),
      fileIn(inner, "b.txt", [block], b),
      fileIn(rootId, "private.txt", [block], secret),
    ],
    { inline: [block] },
  );
  return { as, docs, a, inner, b, secret, link };
}

async function share(as: Signed, request: object): Promise<Share> {
  const response = await send("POST", "/v1/shares", { as, json: request });
  expect(response.status).toBe(201);
  return shareSchema.parse(await response.json());
}

const info = (token: string | null) => send("GET", `/v1/s/${token}`);
const open = (token: string | null, json: object = {}) => send("POST", `/v1/s/${token}/open`, { json });

async function opened(token: string | null, json: object = {}) {
  const response = await open(token, json);
  expect(response.status).toBe(200);
  return shareOpenedSchema.parse(await response.json());
}

const withTicket = (ticket: string) => ({ headers: { [ticketHeader]: ticket } });
const tree = (ticket: string, node: string, after = "") => send("GET", `/v1/s/tree/${node}${after}`, withTicket(ticket));
const address = (ticket: string, node: string, as = "inline") =>
  send("POST", "/v1/s/address", { ...withTicket(ticket), json: { node, as } });
const archive = (ticket: string, nodes: readonly string[]) => send("POST", "/v1/s/archive", { ...withTicket(ticket), json: { nodes } });
const urlOf = async (response: Response) => signedAddressSchema.parse(await response.json()).url;

const mac = (message: string) => hmacSha256(env.URL_KEY, message);

let house: Awaited<ReturnType<typeof household>>;
beforeAll(async () => {
  house = await household();
});

test("SH1 who has the link sees the folder, its files and their content, without an account", async () => {
  const { as, docs, a, inner, b } = house;
  const made = await share(as, { node: docs });
  expect(made).toMatchObject({ node: docs, path: "docs", hasPassword: false, expiresAt: null, downloadsMax: null, downloads: 0 });
  expect(made.url).toBe(`/s/${made.token}`);
  const root = { node: docs, name: "docs", kind: "folder", size: 0, mtimeMs: expect.any(Number) };
  expect(shareInfoSchema.parse(await (await info(made.token)).json())).toEqual({
    needsPassword: false,
    root,
    expiresAt: null,
    downloadsLeft: null,
  });
  const { ticket, ticketExpiresAt } = await opened(made.token);
  expect(ticketExpiresAt).toBeLessThanOrEqual(Date.now() + shareTicketMs);
  const page = sharedTreeSchema.parse(await (await tree(ticket, docs)).json());
  expect(page).toEqual({
    folder: root,
    children: [
      { node: a, name: "a.txt", kind: "file", size: 500, mtimeMs: 1 },
      { node: inner, name: "inner", kind: "folder", size: 0, mtimeMs: expect.any(Number) },
    ],
    next: null,
  });
  expect(sharedTreeSchema.parse(await (await tree(ticket, docs, "?after=a.txt")).json()).children).toHaveLength(1);
  const file = await send("GET", await urlOf(await address(ticket, b, "download")));
  expect(file.headers.get("content-disposition")).toContain("attachment");
  expect(Buffer.from(await file.arrayBuffer()).equals(block.bytes)).toBe(true);
  const zip = await send("GET", await urlOf(await archive(ticket, [docs])));
  expect(unzip(Buffer.from(await zip.arrayBuffer())).map(({ name }) => name)).toEqual([
    "docs/",
    "docs/a.txt",
    "docs/inner/",
    "docs/inner/b.txt",
  ]);
  const alone = await share(as, { node: a });
  expect((await opened(alone.token)).root).toMatchObject({ kind: "file", name: "a.txt", size: 500 });
});

test("SH2 a share that never was, has ended, expired, is used up or lost its node is not there, all alike", async () => {
  const { as, docs } = house;
  const [ended, past, used] = [
    await share(as, { node: docs }),
    await share(as, { node: docs, expiresAt: Date.now() + 60_000 }),
    await share(as, { node: docs, downloadsMax: 1 }),
  ];
  const gone = newNode();
  await committed(as, [mkdir(gone, rootId, "gone")]);
  const lost = await share(as, { node: gone });
  const tickets = await Promise.all([ended, past, lost].map(async ({ token }) => (await opened(token)).ticket));
  await committed(as, [{ op: "delete", opId: newOp(), node: gone, baseRev: 1 }]);
  expect((await send("DELETE", `/v1/shares/${ended.id}`, { as })).status).toBe(204);
  await env.DIRECTORY.prepare("UPDATE shares SET expires_at = ?2 WHERE share_id = ?1").bind(past.id, Date.now()).run();
  await address((await opened(used.token)).ticket, house.a);
  const answers = await Promise.all(
    ["A".repeat(22), "short", "x".repeat(500), ended.token, past.token, used.token, lost.token].map(async (token) => [
      await (await info(token)).text(),
      await (await open(token, { password: "whatever it is" })).text(),
    ]),
  );
  expect(new Set(answers.flat()).size).toBe(1);
  expect(answers[0]?.[0]).toContain("not-found");
  for (const ticket of tickets) await expectProblem(await tree(ticket, docs), "not-found");
});

test("SH3 no answer and no address tells whose a share is", async () => {
  const { as, docs, a } = house;
  const made = await share(as, { node: docs });
  const { ticket } = await opened(made.token);
  const file = await address(ticket, a);
  const url = await urlOf(file.clone());
  const said = [
    await (await info(made.token)).text(),
    await (await open(made.token)).text(),
    await (await tree(ticket, docs)).text(),
    await file.text(),
    await (await archive(ticket, [docs])).text(),
    JSON.stringify([...(await send("HEAD", url)).headers]),
  ].join("\n");
  const sealed = [ticket, url, ...said.matchAll(/[\w-]{20,}(?=\.[\w-]{43})/g)].map(String);
  const all = said + sealed.map((text) => Buffer.from(text.split("/").at(-1) ?? "", "base64url").toString()).join("\n");
  for (const secret of [as.user, as.device, made.id, "private.txt", rootId, made.token ?? "", "shard", '"rev', "digest"]) {
    expect(all.includes(secret)).toBe(false);
  }
});

test("SH4 nothing outside of the shared folder is reachable, live or deleted, above, beside or another's", async () => {
  const { as, docs, inner, a, secret, link } = house;
  const made = await share(as, { node: inner });
  const { ticket } = await opened(made.token);
  const [foreign, deleted] = [await household(), newNode()];
  await committed(as, [fileIn(inner, "deleted.txt", [block], deleted)]);
  await committed(as, [{ op: "delete", opId: newOp(), node: deleted, baseRev: 1 }]);
  for (const node of [rootId, docs, a, secret, link, deleted, foreign.docs, foreign.a, newNode(), made.id]) {
    await expectProblem(await tree(ticket, node), "not-found");
    await expectProblem(await address(ticket, node), "not-found");
    await expectProblem(await archive(ticket, [inner, node]), "not-found");
  }
  // A folder is no file, nor a file a folder.
  await expectProblem(await address(ticket, inner), "not-found");
  await expectProblem(await tree(ticket, house.b), "not-found");
  const whole = await opened((await share(as, { node: docs })).token);
  await expectProblem(await address(whole.ticket, link), "not-found");
});

test("SH5 a share follows its node, and what is moved out, deleted or replaced is gone at once, its addresses too", async () => {
  const { as, docs, a, inner, b } = await household();
  const made = await share(as, { node: docs });
  const { ticket } = await opened(made.token);
  const [aUrl, bUrl, zUrl] = [
    await urlOf(await address(ticket, a)),
    await urlOf(await address(ticket, b)),
    await urlOf(await archive(ticket, [inner])),
  ];
  expect((await send("HEAD", aUrl)).status).toBe(200);
  // Renamed and moved elsewhere: it is the same folder.
  await committed(as, [{ op: "move", opId: newOp(), node: docs, baseRev: 1, parent: rootId, name: "papers" }]);
  expect(shareInfoSchema.parse(await (await info(made.token)).json()).root?.name).toBe("papers");
  expect((await send("HEAD", aUrl)).status).toBe(200);
  // Replaced content: the old is not handed out any more, the new is.
  const next = newBlock(40);
  await committed(as, [update(a, 1, [next])], { inline: [next] });
  await expectProblem(await send("GET", aUrl), "not-found");
  expect(Buffer.from(await (await send("GET", await urlOf(await address(ticket, a)))).arrayBuffer()).equals(next.bytes)).toBe(true);
  // Moved out.
  await committed(as, [{ op: "move", opId: newOp(), node: inner, baseRev: 1, parent: rootId, name: "inner" }]);
  await expectProblem(await send("GET", bUrl), "not-found");
  await expectProblem(await send("GET", zUrl), "not-found");
  await expectProblem(await tree(ticket, inner), "not-found");
  // Another file under the deleted one's name is not the one that was shared.
  const alone = await share(as, { node: a });
  await committed(as, [{ op: "delete", opId: newOp(), node: a, baseRev: 2 }]);
  await committed(as, [fileIn(docs, "a.txt", [block])]);
  await expectProblem(await info(alone.token), "not-found");
});

test("SH6 with a password nothing is told before it, and guesses are limited for each share", async () => {
  const { as, docs } = house;
  const made = await share(as, { node: docs, password: "swordfish" });
  const row = await env.DIRECTORY.prepare("SELECT password_hash AS hash, token_hash AS token FROM shares WHERE share_id = ?1")
    .bind(made.id)
    .first();
  expect(row?.["hash"]).toMatch(/^\$scrypt\$/);
  expect(row?.["token"]).not.toContain(made.token ?? "");
  const told = await info(made.token);
  expect(await told.json()).toEqual({ needsPassword: true, root: null, expiresAt: null, downloadsLeft: null });
  await expectProblem(await open(made.token), "wrong-share-password");
  await expectProblem(await open(made.token, { password: "guess it" }), "wrong-share-password");
  expect((await opened(made.token, { password: "swordfish" })).root.name).toBe("docs");
  // Whatever the minute, the limit is asked before the password is looked at, and counts for one share.
  const keys: string[] = [];
  const SIGN_IN_LIMIT = {
    limit: async ({ key }: { key: string }) => {
      keys.push(key);
      return { success: false };
    },
  };
  const other = await share(as, { node: docs, password: "swordfish" });
  for (const { token } of [made, made, other]) {
    const refused = await sendAsItIs("POST", `/v1/s/${token}/open`, { json: { password: "swordfish" }, bindings: { SIGN_IN_LIMIT } });
    expect(refused.headers.get("retry-after")).toBe("60");
    await expectProblem(refused, "too-many-requests");
  }
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).not.toBe(keys[0]);
});

test("SH7 of several who ask for the last download one gets it; every address counts, one that was given stays good", async () => {
  const { as, docs, a, b } = house;
  const made = await share(as, { node: docs, downloadsMax: 3 });
  const { ticket, downloadsLeft } = await opened(made.token);
  expect(downloadsLeft).toBe(3);
  await expectProblem(await address(ticket, house.secret), "not-found");
  const answers = await Promise.all([
    address(ticket, a),
    archive(ticket, [docs]),
    ...Array.from({ length: 6 }, () => address(ticket, b, "download")),
  ]);
  const good = answers.filter(({ status }) => status === 200);
  expect(good).toHaveLength(3);
  const [first] = good;
  if (first === undefined) throw new Error("three were given");
  expect((await send("HEAD", await urlOf(first))).status).toBe(200);
  const { shares } = sharesSchema.parse(await (await send("GET", "/v1/shares", { as })).json());
  expect(shares.find(({ id }) => id === made.id)).toMatchObject({ downloads: 3, downloadsMax: 3, path: "docs" });
});

test("SH8 an ended or expired share ends its tickets and addresses at once", async () => {
  const { as, docs, a } = house;
  for (const end of [
    (id: string) => send("DELETE", `/v1/shares/${id}`, { as }),
    (id: string) => env.DIRECTORY.prepare("UPDATE shares SET expires_at = 1 WHERE share_id = ?1").bind(id).run(),
  ]) {
    const made = await share(as, { node: docs });
    const { ticket } = await opened(made.token);
    const [file, zip] = [await urlOf(await address(ticket, a)), await urlOf(await archive(ticket, [docs]))];
    expect((await send("HEAD", file)).status).toBe(200);
    await end(made.id);
    for (const url of [file, zip]) await expectProblem(await send("GET", url), "not-found");
    await expectProblem(await address(ticket, a), "not-found");
  }
});

test("SH9 a ticket cannot be made, changed, used for another share, or used after its time", async () => {
  const { as, docs, inner } = house;
  const [one, other] = [await share(as, { node: docs }), await share(as, { node: inner })];
  const { ticket } = await opened(other.token);
  await expectProblem(await tree(ticket, docs), "not-found");
  const [payload = "", signature = ""] = ticket.split(".");
  const url = await urlOf(await address((await opened(one.token)).ticket, house.a));
  const stale = seal(mac, "ticket", { ...JSON.parse(Buffer.from(payload, "base64url").toString()), until: Date.now() });
  for (const wrong of ["", "x", payload, `${payload}.`, `.${signature}`, `${payload}x.${signature}`, url.slice("/v1/c/".length)]) {
    await expectProblem(await tree(wrong, inner), "bad-signature");
  }
  await expectProblem(await tree(stale, inner), "url-expired");
});

test("SH10 only the owner lists and ends shares, and a device that was signed out makes and ends none", async () => {
  const { as, docs } = house;
  const eve = await newDevice();
  const made = await share(as, { node: docs });
  await expectProblem(await send("DELETE", `/v1/shares/${made.id}`, { as: eve }), "not-found");
  expect(await (await send("GET", "/v1/shares", { as: eve })).json()).toEqual({ shares: [] });
  await expectProblem(await send("POST", "/v1/shares", { as: eve, json: { node: docs } }), "not-found");
  for (const [method, path] of [
    ["GET", "/v1/shares"],
    ["POST", "/v1/shares"],
    ["DELETE", `/v1/shares/${made.id}`],
  ] as const) {
    await expectProblem(await send(method, path), "unauthenticated");
  }
  const device = await deviceOf(as.user, as.shard);
  await env.DIRECTORY.prepare(
    `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
     VALUES (?1, ?2, 'x', 0, 0, '', '', 0, 9e15)`,
  )
    .bind(as.user, device.device)
    .run();
  await revokeDevice({ db: env.DIRECTORY, clock: { now: Date.now } }, as.user, device.device);
  await expectProblem(await send("POST", "/v1/shares", { as: device, json: { node: docs } }), "device-revoked");
  await expectProblem(await send("DELETE", `/v1/shares/${made.id}`, { as: device }), "device-revoked");
});

test("SH11 what is asked of a share is within bounds, and everything or a link is not shared", async () => {
  const { as, docs, link } = house;
  const refused = (more: object) => send("POST", "/v1/shares", { as, json: { node: docs, ...more } });
  const password = "p".repeat(sharePasswordCharsMin);
  expect((await refused({ password })).status).toBe(201);
  for (const wrong of [
    { password: password.slice(1) },
    { password: "p".repeat(257) },
    { expiresAt: Date.now() - 1 },
    { downloadsMax: 0 },
    { downloadsMax: 1_000_001 },
    { node: rootId },
  ]) {
    await expectProblem(await refused(wrong), "bad-request");
  }
  await expectProblem(await refused({ node: link }), "not-found");
  await expectProblem(await refused({ node: newNode() }), "not-found");
  await expectProblem(await refused({ more: 1 }), "unknown-field");
});

test("SH12 an account has 1,000 shares at most, and one that expired a month ago is forgotten", async () => {
  const { as, docs } = await household();
  const insert = env.DIRECTORY.prepare(
    `INSERT INTO shares (user_id, share_id, token_hash, shard, node_id, created_at, expires_at)
     SELECT ?1, value, ?1 || value, 0, ?2, value, 1000 FROM json_each(?3)`,
  );
  await insert.bind(as.user, docs, JSON.stringify(Array.from({ length: 999 }, (_, index) => index))).run();
  await share(as, { node: docs });
  await expectProblem(await send("POST", "/v1/shares", { as, json: { node: docs } }), "too-many-shares");
  await pruneShares(env.DIRECTORY, 1000 + historyMs);
  expect(sharesSchema.safeParse(await (await send("GET", "/v1/shares", { as })).json()).success).toBe(false);
  expect(await pruneShares(env.DIRECTORY, 1001 + historyMs)).toBe(999);
  expect(sharesSchema.parse(await (await send("GET", "/v1/shares", { as })).json()).shares).toHaveLength(1);
});

test("SH13 after a change of the server's key a link is good still, and its owner cannot see it again", async () => {
  const { as, docs } = house;
  const made = await share(as, { node: docs });
  const listed = await sendAsItIs("GET", "/v1/shares", { as, bindings: {} });
  expect(sharesSchema.parse(await listed.json()).shares.find(({ id }) => id === made.id)?.url).toBe(made.url);
  await env.DIRECTORY.prepare("UPDATE shares SET token_hash = 'of another key' WHERE share_id = ?1").bind(made.id).run();
  const { shares } = sharesSchema.parse(await (await send("GET", "/v1/shares", { as })).json());
  expect(shares.find(({ id }) => id === made.id)).toMatchObject({ url: null, token: null });
});
