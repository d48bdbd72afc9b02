import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("H1 the health address answers without a session", async () => {
  const response = await exports.default.fetch("http://ashlar.test/v1/health");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});
