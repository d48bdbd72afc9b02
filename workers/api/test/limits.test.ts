/** What one account can do, at its limits. */
import { sessionDownloadsMax, sessionPeriodS, sessionRequestsMax } from "@ashlar/shared/limits";
import { expect, test } from "vitest";
import { deviceOf, expectProblem, newDevice, sendAsItIs, type Signed } from "./support.ts";

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

for (const [what, binding, most, path] of [
  ["request with a session", "SESSION_LIMIT", sessionRequestsMax, "/v1/usage"],
  ["read of a signed address", "DOWNLOAD_LIMIT", sessionDownloadsMax, `/v1/b/${"0".repeat(64)}`],
] as const) {
  test(`B30 of one account's devices ${what} number ${most} in ${sessionPeriodS} s is answered, and the next is told to wait`, async () => {
    const [as, other] = [await newDevice(), await newDevice()];
    const bindings = { [binding]: counted(most, most - 1) };
    const ask = (who: Signed) => sendAsItIs("GET", path, { as: who, bindings });
    expect((await ask(as)).status).not.toBe(429);
    const next = await ask(await deviceOf(as.user, as.shard));
    expect(next.headers.get("retry-after")).toBe(String(sessionPeriodS));
    await expectProblem(next, "too-many-requests");
    expect((await ask(other)).status).not.toBe(429);
  });
}
