import { jsonBodyBytesMax } from "@ashlar/shared/limits";
import { sign } from "hono/jwt";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { signAccessToken } from "../src/http/access-token.ts";
import { expectProblem, newBlock, newDevice, send } from "./support.ts";

test("H1 the health address answers without a session", async () => {
  const response = await send("GET", "/v1/health");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});

test("H2 every answer, refusals too, carries the security headers and the protocol's version, and is not stored", async () => {
  for (const path of ["/v1/health", "/v1/nothing", "/v1/devices"]) {
    const { headers } = await send("GET", path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("strict-transport-security")).toContain("max-age=");
    expect(headers.get("ashlar-protocol")).toBe("1");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("H3 an address that does not exist is answered not-found", async () => {
  await expectProblem(await send("GET", "/v1/"), "not-found");
  await expectProblem(await send("POST", "/v1/nothing", { json: {} }), "not-found");
});

test("H4 a method that an address does not take is answered 405 with those it takes", async () => {
  const response = await send("DELETE", "/v1/account");
  expect(response.headers.get("allow")?.split(", ").toSorted()).toEqual(["GET", "HEAD", "POST"]);
  await expectProblem(response, "method-not-allowed");
  const session = await send("PUT", "/v1/session", { body: "x" });
  expect(session.headers.get("allow")?.split(", ").toSorted()).toEqual(["DELETE", "POST"]);
});

test("H5 a client that speaks a protocol this server does not is told so; one that does not say is served", async () => {
  for (const said of ["0", "2", "x"]) {
    await expectProblem(await send("GET", "/v1/health", { headers: { "ashlar-protocol": said } }), "bad-request");
  }
  expect((await send("GET", "/v1/health", { headers: { "ashlar-protocol": "1" } })).status).toBe(200);
});

test("H6 without a token, or with one that is not ours, nothing behind a session answers", async () => {
  const paths = ["/v1/devices", "/v1/devices/x", "/v1/b/x", "/v1/p/x", "/v1/changes", "/v1/events", "/v1/tree/x", "/v1/files/x/versions/1"];
  for (const path of paths) await expectProblem(await send("GET", path), "unauthenticated");
  for (const path of ["/v1/commits", "/v1/blocks/check", "/v1/blocks/locate"]) {
    await expectProblem(await send("POST", path, { body: "x" }), "unauthenticated");
  }
  await expectProblem(await send("PUT", `/v1/blocks/${newBlock(1).hash}`, { body: "x" }), "unauthenticated");
  await expectProblem(await send("DELETE", "/v1/session"), "unauthenticated");
  const response = await send("GET", "/v1/devices", { headers: { authorization: "Basic YTpi" } });
  expect(response.headers.get("www-authenticate")).toBe("Bearer");
  await expectProblem(response, "unauthenticated");
});

const encode = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");

test("H7 forged tokens are refused: other key, other algorithm, alg none, other issuer or audience, changed claims", async () => {
  const { user, device, shard, token } = await newDevice();
  const iat = Math.floor(Date.now() / 1000);
  const endless = { iss: "ashlar", aud: "ashlar", sub: user, dev: device, grp: shard, iat };
  const good = { ...endless, exp: iat + 60 };
  const [header = "", , signature = ""] = token.split(".");
  expect((await send("GET", "/v1/devices", { as: { token: await sign(good, env.TOKEN_KEY, "HS256") } })).status).toBe(200);
  const forged = [
    await sign(good, "another key of 32 characters....", "HS256"),
    await sign(good, env.TOKEN_KEY, "HS512"),
    await sign({ ...good, iss: "other" }, env.TOKEN_KEY, "HS256"),
    await sign({ ...good, aud: "other" }, env.TOKEN_KEY, "HS256"),
    await sign({ ...good, sub: "../../other" }, env.TOKEN_KEY, "HS256"),
    await sign({ ...good, grp: -1 }, env.TOKEN_KEY, "HS256"),
    await sign(endless, env.TOKEN_KEY, "HS256"),
    `${encode({ alg: "none", typ: "JWT" })}.${encode(good)}.`,
    `${encode({ alg: "none", typ: "JWT" })}.${encode(good)}.${signature}`,
    `${header}.${encode({ ...good, sub: (await newDevice()).user })}.${signature}`,
    `${token}x`,
    "x",
    "..",
  ];
  for (const attempt of forged) await expectProblem(await send("GET", "/v1/devices", { as: { token: attempt } }), "unauthenticated");
});

test("H8 an access token is good for 15 minutes, and then told apart as expired", async () => {
  const device = await newDevice();
  const minutesAgo = (minutes: number) => signAccessToken(env.TOKEN_KEY, device, Date.now() - minutes * 60_000);
  expect((await send("GET", "/v1/devices", { as: await minutesAgo(14.9) })).status).toBe(200);
  await expectProblem(await send("GET", "/v1/devices", { as: await minutesAgo(15) }), "token-expired");
});

const account = { email: "x@example.com", password: "correct horse", device: "laptop" };

test("H9 JSON is taken as application/json, in UTF-8, and without unknown fields", async () => {
  const as = await newDevice();
  const post = (body: BodyInit, type = "application/json") =>
    send("POST", "/v1/blocks/locate", { as, body, headers: { "content-type": type } });
  const { hash } = newBlock(1);
  const good = JSON.stringify({ hashes: [hash] });
  expect((await post(good)).status).toBe(200);
  expect((await post(good, "Application/JSON; charset=utf-8")).status).toBe(200);
  await expectProblem(await post(good, "text/plain"), "unsupported-media-type");
  await expectProblem(await post("{"), "bad-request");
  await expectProblem(await post(""), "bad-request");
  await expectProblem(await post(new Uint8Array([0x22, 0xff, 0x22])), "bad-request");
  await expectProblem(await post("null"), "bad-request");
  await expectProblem(await post(JSON.stringify({ hashes: [hash], more: 1 })), "unknown-field");
  await expectProblem(await send("POST", "/v1/account", { json: { ...account, admin: true } }), "unknown-field");
  await expectProblem(await send("POST", "/v1/session", { json: { ...account, admin: true } }), "unknown-field");
  await expectProblem(await send("POST", "/v1/session/refresh", { json: { refreshToken: "x".repeat(20), admin: true } }), "unknown-field");
});

test("H10 a JSON body of 256 KiB is read, one byte more is not, with or without a length", async () => {
  const as = await newDevice();
  const good = JSON.stringify({ hashes: [newBlock(1).hash] });
  const padded = (bytes: number) => good + " ".repeat(bytes - good.length);
  const headers = { "content-type": "application/json" };
  const post = (body: BodyInit) => send("POST", "/v1/blocks/locate", { as, body, headers });
  expect((await post(padded(jsonBodyBytesMax))).status).toBe(200);
  await expectProblem(await post(padded(jsonBodyBytesMax + 1)), "too-large");
  expect((await post(new Blob([padded(jsonBodyBytesMax)]).stream())).status).toBe(200);
  await expectProblem(await post(new Blob([padded(jsonBodyBytesMax + 1)]).stream()), "too-large");
});

test("H11 what a refused request still sends is taken in, so that its client can read the refusal", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled++;
      if (pulled > 16) controller.close();
      else controller.enqueue(new Uint8Array(65_536));
    },
  });
  const response = await send("PUT", `/v1/blocks/${newBlock(1).hash}`, { body: body.pipeThrough(new FixedLengthStream(16 * 65_536)) });
  await expectProblem(response, "unauthenticated");
  expect(pulled).toBeGreaterThan(16);
});
