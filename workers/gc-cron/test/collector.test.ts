import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import collector from "../src/index.ts";

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 22);

async function addDevice(device: string, expiresAt: number): Promise<void> {
  await env.DIRECTORY.prepare(
    `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
     VALUES ('collected', ?1, 'laptop', 0, 0, 'f', 'c', 0, ?2)`,
  )
    .bind(device, expiresAt)
    .run();
}

async function devices(): Promise<string[]> {
  const { results } = await env.DIRECTORY.prepare("SELECT device_id FROM devices WHERE user_id = 'collected' ORDER BY device_id").all<{
    device_id: string;
  }>();
  return results.map((row) => row.device_id);
}

it("A11 a scheduled event makes the collector forget a device whose refresh token has expired, as of the time of the event", async () => {
  await addDevice("expired", now - 1);
  await addDevice("good", now + hour);

  await collector.scheduled(createScheduledController({ scheduledTime: new Date(now), cron: "17 * * * *" }), env);

  expect(await devices()).toEqual(["good"]);
});
