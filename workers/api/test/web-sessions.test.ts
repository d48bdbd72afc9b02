import { browserSessionSchema, type BrowserSession, devicesSchema, sessionSchema } from "@ashlar/shared/protocol/account";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { browser, newEmail, password, signUpBrowser } from "./browser.ts";
import { expectProblem, send } from "./support.ts";

const credentials = (email: string) => ({ email, password, device: "Firefox", keep: "cookie" });

async function session(response: Response): Promise<BrowserSession> {
  expect(response.status).toBeLessThan(300);
  return browserSessionSchema.parse(await response.json());
}

test("WS1 a browser's refresh token is in a cookie that no script reads and no other site sends, and nowhere in the body", async () => {
  for (const [method, status] of [
    ["/v1/account", 201],
    ["/v1/session", 201],
  ] as const) {
    const page = browser();
    const { email } = method === "/v1/session" ? await signUpBrowser() : { email: newEmail() };
    const response = await page.send("POST", method, { json: credentials(email) });
    expect(response.status).toBe(status);
    expect(response.headers.get("set-cookie")).toMatch(
      /^ashlar-session-80=[\w.-]{112}; Max-Age=7776000; Path=\/v1; HttpOnly; SameSite=Strict$/,
    );
    const body = await response.text();
    expect(body).not.toContain(page.cookies().get("ashlar-session-80"));
    expect(JSON.parse(body)).not.toHaveProperty("refreshToken");
  }
});

test("WS1 without asking for a cookie the token is in the body, and no cookie is set", async () => {
  const response = await browser().send("POST", "/v1/account", { json: { email: newEmail(), password, device: "laptop" } });
  expect(response.headers.get("set-cookie")).toBeNull();
  expect(sessionSchema.safeParse(await response.json()).success).toBe(true);
});

test("WS2 over https the cookie is this host's alone, also behind a proxy that ends TLS under another name", async () => {
  const page = browser("https://files.example.org");
  await session(await page.send("POST", "/v1/account", { json: credentials(newEmail()), headers: { "sec-fetch-site": "same-origin" } }));
  expect(page.lastCookie).toMatch(/^__Host-ashlar-session=[\w.-]{112}; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  await session(await page.send("POST", "/v1/session/refresh", { json: {}, headers: { "sec-fetch-site": "same-origin" } }));
});

test("WS2 two servers on one machine have cookies of their own", async () => {
  const page = browser("http://localhost:8787");
  const headers = { "sec-fetch-site": "same-origin" };
  await session(await page.send("POST", "/v1/account", { json: credentials(newEmail()), headers }));
  expect([...page.cookies().keys()]).toEqual(["ashlar-session-8787"]);
});

test("WS3 the cookie is taken for the next session and replaced", async () => {
  const { page, session: first } = await signUpBrowser();
  const before = page.lastCookie;
  const second = await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
  expect(second).toMatchObject({ user: first.user, device: first.device });
  expect(page.lastCookie).not.toBe(before);
  expect(page.lastCookie).toMatch(/; HttpOnly; SameSite=Strict$/);
  await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
});

test("WS3 tabs that refresh at the same time get the same cookie, and none is taken for a thief", async () => {
  const { page } = await signUpBrowser();
  const tabs = [page.clone(), page.clone(), page.clone()];
  for (const answer of await Promise.all(tabs.map((tab) => tab.send("POST", "/v1/session/refresh", { json: {} })))) await session(answer);
  expect(new Set(tabs.map((tab) => tab.lastCookie)).size).toBe(1);
  for (const tab of tabs) await session(await tab.clone().send("POST", "/v1/session/refresh", { json: {} }));
});

test("WS4 a cookie that is no good (any more) is refused and taken back; without one nobody is signed in", async () => {
  await expectProblem(await browser().send("POST", "/v1/session/refresh", { json: {} }), "unauthenticated");
  const { page } = await signUpBrowser();
  const thief = page.clone();
  for (let round = 0; round < 2; round++) await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
  const reused = await thief.send("POST", "/v1/session/refresh", { json: {} });
  await expectProblem(reused, "refresh-reused");
  expect(thief.cookies().size).toBe(0);
  await expectProblem(await page.send("POST", "/v1/session/refresh", { json: {} }), "device-revoked");
  expect(page.cookies().size).toBe(0);
  const invented = browser();
  invented.cookies().set("ashlar-session-80", "x".repeat(112));
  await expectProblem(await invented.send("POST", "/v1/session/refresh", { json: {} }), "unauthenticated");
  expect(invented.cookies().size).toBe(0);
});

test("WS5 a page of another site can neither open, renew nor end a session in a cookie, nor one without an origin", async () => {
  const { page, session: own, email } = await signUpBrowser();
  const foreign: Record<string, string>[] = [
    { origin: "http://evil.test" },
    { origin: "https://sub.ashlar.test" },
    { origin: "http://ashlar.test:8080" },
    { origin: "null" },
    { origin: "" },
    { origin: "http://ashlar.test", "sec-fetch-site": "same-site" },
    { origin: "http://ashlar.test", "sec-fetch-site": "cross-site" },
    { origin: "http://ashlar.test", "sec-fetch-site": "none" },
  ];
  for (const headers of foreign) {
    const attempt = (method: string, path: string, json?: object) =>
      page.clone().send(method, path, { json, headers, as: { token: own.accessToken } });
    for (const answer of [
      await attempt("POST", "/v1/session", credentials(email)),
      await attempt("POST", "/v1/account", credentials(newEmail())),
      await attempt("POST", "/v1/session/refresh", {}),
      await attempt("DELETE", "/v1/session"),
    ]) {
      expect(answer.headers.get("set-cookie")).toBeNull();
      await expectProblem(answer, "forbidden");
    }
  }
  await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
});

test("WS5 no other site is let at an answer: a preflight is refused, and no answer names an origin that may read it", async () => {
  const headers = {
    origin: "http://evil.test",
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type, authorization",
  };
  for (const path of ["/v1/session", "/v1/session/refresh", "/v1/account", "/v1/device-codes/token"]) {
    for (const answer of [await send("OPTIONS", path, { headers }), await send("POST", path, { headers, json: {} })]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  }
});

test("WS6 the cookie opens nothing but the next session", async () => {
  const { page } = await signUpBrowser();
  for (const path of ["/v1/devices", "/v1/usage", "/v1/changes"]) await expectProblem(await page.send("GET", path), "unauthenticated");
  await expectProblem(await page.send("DELETE", "/v1/session"), "unauthenticated");
});

test("WS7 signing out ends the session, takes the cookie back, and has the browser forget what it kept of the files", async () => {
  const { page, session: own } = await signUpBrowser();
  const copy = page.clone();
  const answer = await page.send("DELETE", "/v1/session", { as: { token: own.accessToken } });
  expect([answer.status, answer.headers.get("clear-site-data")]).toEqual([204, '"cache"']);
  expect(page.cookies().size).toBe(0);
  expect(page.lastCookie).toMatch(/^ashlar-session-80=; Max-Age=0; Path=\/v1; HttpOnly; SameSite=Strict$/);
  await expectProblem(await copy.send("POST", "/v1/session/refresh", { json: {} }), "device-revoked");
});

test("WS8 a browser has one session: a new sign-in ends the one before, and a tab of that one cannot end the new one", async () => {
  const { page, session: first, email } = await signUpBrowser();
  const copy = page.clone();
  const second = await session(await page.send("POST", "/v1/session", { json: credentials(email) }));
  expect(second.device).not.toBe(first.device);
  await expectProblem(await copy.send("POST", "/v1/session/refresh", { json: {} }), "device-revoked");
  expect((await page.send("DELETE", "/v1/session", { as: { token: first.accessToken } })).status).toBe(204);
  await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
});

test("WS8 a sign-in is never of a session that was in the browser before it", async () => {
  const thief = await signUpBrowser();
  const victim = thief.page.clone();
  const { session: own } = await signUpBrowser(victim);
  expect(own.user).not.toBe(thief.session.user);
  const renewed = await session(await victim.send("POST", "/v1/session/refresh", { json: {} }));
  expect(renewed.user).toBe(own.user);
  await expectProblem(await thief.page.send("POST", "/v1/session/refresh", { json: {} }), "device-revoked");
});

test("WS9 the list of devices tells browsers from commands, and when each was last seen", async () => {
  const { page, session: own, email } = await signUpBrowser();
  await send("POST", "/v1/session", { json: { email, password, device: "laptop" } });
  await env.DIRECTORY.prepare("UPDATE devices SET last_seen_at = 1 WHERE user_id = ?").bind(own.user).run();
  const before = Date.now();
  const { accessToken } = await session(await page.send("POST", "/v1/session/refresh", { json: {} }));
  const { devices } = devicesSchema.parse(await (await send("GET", "/v1/devices", { as: { token: accessToken } })).json());
  expect(devices.map(({ name, kind, current }) => ({ name, kind, current }))).toEqual([
    { name: "Firefox", kind: "browser", current: true },
    { name: "laptop", kind: "command", current: false },
  ]);
  expect(devices[0]?.lastSeenAt).toBeGreaterThanOrEqual(before);
  expect(devices[1]?.lastSeenAt).toBe(1);
});
