import type { DeviceId, UserId } from "@ashlar/shared/ids";
import type { Database } from "../ports.ts";

/** Adds the devices' names; null for those that the directory no longer knows. */
export type DeviceNames = <Row extends { readonly device: DeviceId }>(
  rows: readonly Row[],
) => Promise<(Row & { deviceName: string | null })[]>;

const namesSql = `
  SELECT d.device_id AS device, d.name FROM json_each(?1) j CROSS JOIN devices d ON d.user_id = ?2 AND d.device_id = j.value`;

/** `directory`: the database of accounts. Signed-out devices still have their names there for a while. */
export function deviceNames(directory: Database, user: UserId): DeviceNames {
  return async (rows) => {
    const devices = [...new Set(rows.map(({ device }) => device))];
    if (devices.length === 0) return [];
    const { results } = await directory.prepare(namesSql).bind(JSON.stringify(devices), user).all<{ device: DeviceId; name: string }>();
    const names = new Map(results.map(({ device, name }) => [device, name]));
    return rows.map((row) => ({ ...row, deviceName: names.get(row.device) ?? null }));
  };
}
