import { type DeviceCode, deviceCodeFactsSchema, deviceCodeSchema, deviceTokenSchema } from "@ashlar/shared/protocol/device-code";
import { deviceCodeMs, deviceNameCharsMax } from "@ashlar/shared/limits";
import { devicesSchema } from "@ashlar/shared/protocol/account";
import { planDeviceSweep, runDeviceSweep } from "@ashlar/server/accounts/sweep";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { networkOf } from "../src/http/network.ts";
import { type Browser, password, signUpBrowser } from "./browser.ts";
import { expectProblem, newDevice, send } from "./support.ts";

async function ask(headers: Record<string, string> = {}): Promise<DeviceCode> {
  const response = await send("POST", "/v1/device-codes", { json: { device: "laptop" }, headers });
  expect(response.status).toBe(201);
  return deviceCodeSchema.parse(await response.json());
}

const poll = (deviceCode: string) => send("POST", "/v1/device-codes/token", { json: { deviceCode } });

async function answer(page: Browser, accessToken: string, userCode: string, said: "approve" | "deny"): Promise<Response> {
  return page.send("POST", `/v1/device-codes/${userCode}`, { json: { answer: said }, as: { token: accessToken } });
}

const keyOf = (userCode: string) => userCode.replace("-", "");
const set = (code: DeviceCode, column: string, value: number) =>
  env.DIRECTORY.prepare(`UPDATE device_codes SET ${column} = ? WHERE user_code = ?`).bind(value, keyOf(code.userCode)).run();

test("WS10 a command asks for a code without a session, and gets a page to send the person to, a secret and how long both are good", async () => {
  const code = await ask();
  expect(code.userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  expect(code.verifyUrl).toBe(`http://ashlar.test/link?code=${code.userCode}`);
  expect(code.verifyUrl).not.toContain(code.deviceCode);
  expect(code.expiresAt - Date.now()).toBeLessThanOrEqual(deviceCodeMs);
  expect(code.intervalMs).toBe(5000);
  const stored = JSON.stringify(
    await env.DIRECTORY.prepare("SELECT * FROM device_codes WHERE user_code = ?").bind(keyOf(code.userCode)).first(),
  );
  expect(stored).not.toContain(code.deviceCode.split(".")[1]);
  for (const device of ["", "d".repeat(deviceNameCharsMax + 1)]) {
    await expectProblem(await send("POST", "/v1/device-codes", { json: { device } }), "bad-request");
  }
});

test("WS11 who approves sees what asks, and the command then gets a session of that account, told which", async () => {
  const { page, session, email } = await signUpBrowser();
  const code = await ask();
  await expectProblem(await poll(code.deviceCode), "authorization-pending");
  const as = { token: session.accessToken };
  const shown = await page.send("GET", `/v1/device-codes/${code.userCode.toLowerCase().replace("-", "%20")}`, { as });
  expect(deviceCodeFactsSchema.parse(await shown.json())).toMatchObject({ device: "laptop", expiresAt: code.expiresAt, sameNetwork: null });
  expect((await answer(page, session.accessToken, code.userCode, "approve")).status).toBe(204);
  const given = await poll(code.deviceCode);
  expect(given.headers.get("set-cookie")).toBeNull();
  const granted = deviceTokenSchema.parse(await given.json());
  expect(granted).toMatchObject({ user: session.user, email });
  const { devices } = devicesSchema.parse(await (await send("GET", "/v1/devices", { as: { token: granted.accessToken } })).json());
  expect(devices.find(({ current }) => current)).toMatchObject({ name: "laptop", kind: "command" });
  expect((await send("POST", "/v1/session/refresh", { json: { refreshToken: granted.refreshToken } })).status).toBe(200);
});

test("WS12 a command whose answer was lost gets the same session by asking again, until it used it", async () => {
  const { page, session } = await signUpBrowser();
  const code = await ask();
  await answer(page, session.accessToken, code.userCode, "approve");
  const all = await Promise.all([poll(code.deviceCode), poll(code.deviceCode)]);
  const [first, second] = await Promise.all(all.map(async (given) => deviceTokenSchema.parse(await given.json())));
  expect(second?.refreshToken).toBe(first?.refreshToken);
  await send("POST", "/v1/session/refresh", { json: { refreshToken: first?.refreshToken } });
  await expectProblem(await poll(code.deviceCode), "code-expired");
  const { devices } = devicesSchema.parse(await (await send("GET", "/v1/devices", { as: { token: session.accessToken } })).json());
  expect(devices).toHaveLength(2);
});

test("WS13 a code that was denied, has expired or never was gives nothing, and can be answered once", async () => {
  const { page, session } = await signUpBrowser();
  const denied = await ask();
  expect((await answer(page, session.accessToken, denied.userCode, "deny")).status).toBe(204);
  expect((await answer(page, session.accessToken, denied.userCode, "deny")).status).toBe(204);
  await expectProblem(await answer(page, session.accessToken, denied.userCode, "approve"), "not-found");
  await expectProblem(await poll(denied.deviceCode), "access-denied");
  const other = await signUpBrowser();
  await expectProblem(await answer(other.page, other.session.accessToken, denied.userCode, "deny"), "not-found");

  const late = await ask();
  await set(late, "expires_at", Date.now());
  await expectProblem(await answer(page, session.accessToken, late.userCode, "approve"), "not-found");
  await expectProblem(await poll(late.deviceCode), "code-expired");
  const tooLate = await ask();
  await answer(page, session.accessToken, tooLate.userCode, "approve");
  await set(tooLate, "expires_at", Date.now());
  await expectProblem(await poll(tooLate.deviceCode), "code-expired");
  for (const invented of [`${keyOf(denied.userCode)}.${"x".repeat(43)}`, "x".repeat(20)])
    await expectProblem(await poll(invented), "code-expired");
  await expectProblem(await poll("x".repeat(19)), "bad-request");
});

test("WS14 a command that asks sooner than it was told is told to slow down", async () => {
  const code = await ask();
  await expectProblem(await poll(code.deviceCode), "authorization-pending");
  await expectProblem(await poll(code.deviceCode), "slow-down");
  await set(code, "polled_at", Date.now() - 5000);
  await expectProblem(await poll(code.deviceCode), "authorization-pending");
});

test("WS15 an access token alone, which may be stolen, approves nothing, and no page of another site has anything approved", async () => {
  const { page, session } = await signUpBrowser();
  const code = await ask();
  const json = { answer: "approve" };
  const as = { token: session.accessToken };
  const address = `/v1/device-codes/${code.userCode}`;
  const other = await signUpBrowser();
  for (const attempt of [
    await send("POST", address, { json, as }),
    await send("POST", address, { json, as, headers: { origin: "http://ashlar.test" } }),
    await page.send("POST", address, { json, as, headers: { origin: "http://evil.test" } }),
    await other.page.send("POST", address, { json, as }),
  ]) {
    await expectProblem(attempt, "forbidden");
  }
  await expectProblem(await page.send("POST", address, { json }), "unauthenticated");
  await expectProblem(await page.send("GET", address), "unauthenticated");
  await expectProblem(await poll(code.deviceCode), "authorization-pending");
});

test("WS16 what was approved by a device that is signed out by then lets nobody in", async () => {
  const { page, session, email } = await signUpBrowser();
  const owner = await (await send("POST", "/v1/session", { json: { email, password, device: "desk" } })).json<{ accessToken: string }>();
  const before = await ask();
  await answer(page, session.accessToken, before.userCode, "approve");
  await send("DELETE", `/v1/devices/${session.device}`, { as: { token: owner.accessToken } });
  await expectProblem(await poll(before.deviceCode), "code-expired");
  const after = await ask();
  await expectProblem(await answer(page, session.accessToken, after.userCode, "approve"), "forbidden");
});

test("WS17 one person looks at or answers ten codes within a minute, right or wrong", async () => {
  const as = await newDevice();
  for (;;) {
    const minute = Math.floor(Date.now() / 60_000);
    for (let count = 0; count < 9; count++) await env.SIGN_IN_LIMIT.limit({ key: `code ${as.user}` });
    const tenth = await send("GET", "/v1/device-codes/BCDF-GHJK", { as });
    const next = await send("GET", "/v1/device-codes/BCDF-GHJK", { as });
    if (Math.floor(Date.now() / 60_000) !== minute) continue;
    await expectProblem(tenth, "not-found");
    await expectProblem(next, "too-many-requests");
    break;
  }
  await expectProblem(await send("GET", "/v1/device-codes/AEIO-UAEI", { as: await newDevice() }), "not-found");
});

test("WS18 who approves is told whether the command asks from the same network, which is not stored as it is", async () => {
  const { page, session } = await signUpBrowser();
  const code = await ask({ "cf-connecting-ip": "2001:db8:1:2::77" });
  const seen = async (address: string) => {
    const headers = { "cf-connecting-ip": address };
    const response = await page.send("GET", `/v1/device-codes/${code.userCode}`, { as: { token: session.accessToken }, headers });
    return deviceCodeFactsSchema.parse(await response.json()).sameNetwork;
  };
  expect([await seen("2001:DB8:1:2:ffff::1"), await seen("2001:db8:1:3::77"), await seen("203.0.113.7")]).toEqual([true, false, false]);
  const { results } = await env.DIRECTORY.prepare("SELECT * FROM device_codes").all();
  expect(JSON.stringify(results)).not.toContain("2001:db8");
  expect(["203.0.113.7", "2001:0db8::1", "::1", "fe80::1:2:3:4"].map(networkOf)).toEqual([
    "203.0.113.7",
    "2001:db8:0:0",
    "0:0:0:0",
    "fe80:0:0:0",
  ]);
});

test("WS10 the collector forgets codes that have expired", async () => {
  const code = await ask();
  await set(code, "expires_at", 1);
  await runDeviceSweep(env.DIRECTORY, await planDeviceSweep(env.DIRECTORY, 2));
  expect(await env.DIRECTORY.prepare("SELECT 1 FROM device_codes WHERE user_code = ?").bind(keyOf(code.userCode)).first()).toBeNull();
});
