/** Whether a device that was signed out had to be. */
import { createHash } from "node:crypto";
import type { SimulatedDevice } from "./device.ts";
import type { EdgeInMemory } from "./edge.ts";

type Row = { revoked_at: number | null; expires_at: number; current_hash: string };

/**
 * Nobody signs a device out here, so a session ends in two ways only: its token expired, or the answer with its successor was lost
 * and asked for again after more than five minutes, which looks like a theft (decision 14). Undefined when it was one of them.
 */
export function sessionFault(edge: EdgeInMemory, { session, keptTokens }: SimulatedDevice, nowMs: number): string | undefined {
  const row = edge.directory.raw
    .prepare("SELECT revoked_at, expires_at, current_hash FROM devices WHERE device_id = ?")
    .get(session.device) as Row | undefined;
  if (row === undefined) return "the edge knows no such device";
  if (row.expires_at <= nowMs) return undefined;
  if (row.revoked_at === null) return "its session is good";
  const isKept = [...keptTokens].some((token) => createHash("sha256").update(token).digest("hex") === row.current_hash);
  return isKept ? "it was revoked, though it had got the good token" : undefined;
}
