/** Forgets devices that can never be heard of again: expired, or signed out long ago. The plan is a value, to be printed or refused. */
import { revokedDeviceMs } from "@ashlar/shared/limits";
import type { Database } from "../ports.ts";
import { sweepCodes } from "./device-codes.ts";

export type DeviceSweep = {
  /** Refresh tokens that ran out before this time, ms since 1970. */
  readonly expiredBefore: number;
  readonly revokedBefore: number;
  readonly expired: number;
  readonly revoked: number;
};

/** So that one statement stays well below the 30 seconds that D1 gives it. */
const devicesPerSweepMax = 10_000;

const expired = "revoked_at IS NULL AND expires_at < ?1";
const revoked = "revoked_at < ?2";

export async function planDeviceSweep(db: Database, now: number): Promise<DeviceSweep> {
  const expiredBefore = now;
  const revokedBefore = now - revokedDeviceMs;
  const row = await db
    .prepare(`SELECT count(*) FILTER (WHERE ${expired}) AS expired, count(*) FILTER (WHERE ${revoked}) AS revoked FROM devices`)
    .bind(expiredBefore, revokedBefore)
    .first<{ expired: number; revoked: number }>();
  return { expiredBefore, revokedBefore, expired: row?.expired ?? 0, revoked: row?.revoked ?? 0 };
}

/** Removes what the plan counted, the rest at the next run; a device that came back meanwhile no longer matches and stays. */
export async function runDeviceSweep(db: Database, plan: DeviceSweep): Promise<void> {
  await db
    .prepare(
      `DELETE FROM devices WHERE (user_id, device_id) IN
       (SELECT user_id, device_id FROM devices WHERE (${expired}) OR (${revoked}) LIMIT ?3)`,
    )
    .bind(plan.expiredBefore, plan.revokedBefore, devicesPerSweepMax)
    .run();
  // Codes for sign-in go with them, uncounted: they were good for minutes.
  await sweepCodes(db, plan.expiredBefore);
}
