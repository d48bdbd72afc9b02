import { randomBytes } from "@ashlar/durable-objects/crypto";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { newId, type NodeId, type OpId, rootId } from "@ashlar/shared/ids";
import { searchCharsMax } from "@ashlar/shared/limits";
import { accountSchema, sessionSchema } from "@ashlar/shared/protocol/account";
import { commitMediaType } from "@ashlar/shared/protocol/commit";
import { searchSchema } from "@ashlar/shared/protocol/search";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { password, signUpBrowser } from "./browser.ts";
import { expectProblem, newDevice, send } from "./support.ts";

const next = "another battery";

async function signIn(email: string, secret: string): Promise<Response> {
  return send("POST", "/v1/session", { json: { email, password: secret, device: "laptop" } });
}

/** A commit of a folder with a name of its own. */
function commit(accessToken: string, name = newId<NodeId>(randomBytes) as string): Promise<Response> {
  const ids = { opId: newId<OpId>(randomBytes), node: newId<NodeId>(randomBytes) };
  const body = encodeCommitBody({ ops: [{ op: "mkdir", ...ids, parent: rootId, name, mode: 0o755 }], inline: [] }, []);
  return send("POST", "/v1/commits", { as: { token: accessToken }, body, headers: { "content-type": commitMediaType } });
}

test("WS20 the account is told with its address, age and space", async () => {
  const { session, email } = await signUpBrowser();
  const response = await send("GET", "/v1/account", { as: { token: session.accessToken } });
  const account = accountSchema.parse(await response.json());
  expect(account).toMatchObject({ user: session.user, email, usedBytes: 0, quotaBytes: Number(env.QUOTA_BYTES) });
  expect(Math.abs(account.createdAt - Date.now())).toBeLessThan(60_000);
});

test("WS21 a password is changed by who knows the current one, and no session ends unless asked", { timeout: 30_000 }, async () => {
  const { page, session, email } = await signUpBrowser();
  const as = { token: session.accessToken };
  const other = sessionSchema.parse(await (await signIn(email, password)).json());
  await expectProblem(await send("POST", "/v1/password", { json: { current: "wrong password", next }, as }), "wrong-credentials");
  await expectProblem(await send("POST", "/v1/password", { json: { current: password, next: "short" }, as }), "bad-request");
  await expectProblem(await send("POST", "/v1/password", { json: { current: password, next } }), "unauthenticated");
  expect((await send("POST", "/v1/password", { json: { current: password, next }, as })).status).toBe(204);
  await expectProblem(await signIn(email, password), "wrong-credentials");
  expect((await signIn(email, next)).status).toBe(201);
  expect((await page.send("POST", "/v1/session/refresh", { json: {} })).status).toBe(200);
  expect((await send("POST", "/v1/session/refresh", { json: { refreshToken: other.refreshToken } })).status).toBe(200);
});

test(
  "WS22 with it all other devices are signed out if asked, at once, and the same request again does the same",
  { timeout: 30_000 },
  async () => {
    const { page, session, email } = await signUpBrowser();
    const as = { token: session.accessToken };
    const other = sessionSchema.parse(await (await signIn(email, password)).json());
    expect((await commit(other.accessToken)).status).toBe(200);
    const json = { current: password, next, signOutOthers: true };
    for (let round = 0; round < 2; round++) expect((await send("POST", "/v1/password", { json, as })).status).toBe(204);
    await expectProblem(await send("POST", "/v1/session/refresh", { json: { refreshToken: other.refreshToken } }), "device-revoked");
    await expectProblem(await commit(other.accessToken), "device-revoked");
    expect((await commit(session.accessToken)).status).toBe(200);
    expect((await page.send("POST", "/v1/session/refresh", { json: {} })).status).toBe(200);
    // The one that was signed out cannot have its own way with the password, though it knows the new one.
    await expectProblem(await send("POST", "/v1/password", { json, as: { token: other.accessToken } }), "device-revoked");
  },
);

test("WS23 the eleventh change of a password that is tried within a minute is refused", async () => {
  const as = await newDevice();
  const json = { current: password, next };
  for (;;) {
    const minute = Math.floor(Date.now() / 60_000);
    for (let count = 0; count < 9; count++) await env.SIGN_IN_LIMIT.limit({ key: `password ${as.user}` });
    const tenth = await send("POST", "/v1/password", { json, as });
    const eleventh = await send("POST", "/v1/password", { json, as });
    if (Math.floor(Date.now() / 60_000) !== minute) continue;
    await expectProblem(tenth, "wrong-credentials");
    await expectProblem(eleventh, "too-many-requests");
    break;
  }
});

test("WS24 a name is found by a part of it, in any case, with the path", async () => {
  const as = await newDevice();
  for (const name of ["Straße 100%", "ÜBERSICHT_2026", "übersicht", "notes"]) expect((await commit(as.token, name)).status).toBe(200);
  const found = async (q: string) => {
    const response = await send("GET", `/v1/search?q=${encodeURIComponent(q)}`, { as });
    return searchSchema
      .parse(await response.json())
      .items.map(({ path }) => path)
      .toSorted();
  };
  expect(await found("u\u0308bersicht")).toEqual(["ÜBERSICHT_2026", "übersicht"]);
  expect(await found("0%")).toEqual(["Straße 100%"]);
  expect(await found("T_2")).toEqual(["ÜBERSICHT_2026"]);
  expect(await found("nothing of it")).toEqual([]);
});

test("WS25 a name is found by 64 letters of which SQLite does not know the case", async () => {
  const as = await newDevice();
  const letters = Array.from({ length: searchCharsMax / 2 }, (_, index) => String.fromCodePoint(0x430 + index, 0x561 + index)).join("");
  expect((await commit(as.token, letters.toUpperCase())).status).toBe(200);
  const response = await send("GET", `/v1/search?q=${encodeURIComponent(letters)}`, { as });
  expect(searchSchema.parse(await response.json()).items).toHaveLength(1);
});

test("WS25 what is searched for has 1 to 64 characters, and only one's own names are found", async () => {
  const as = await newDevice();
  const stranger = await newDevice();
  expect((await commit(as.token, "secret plan")).status).toBe(200);
  const ask = (q: string, who = as) => send("GET", `/v1/search?q=${q}`, { as: who });
  expect((await ask("s".repeat(searchCharsMax))).status).toBe(200);
  for (const q of ["", "s".repeat(searchCharsMax + 1)]) await expectProblem(await ask(q), "bad-request");
  await expectProblem(await send("GET", "/v1/search?q=x&after=no-node", { as }), "bad-request");
  await expectProblem(await send("GET", "/v1/search?q=x"), "unauthenticated");
  expect(await (await ask("secret", stranger)).json()).toEqual({ items: [], next: null });
});
