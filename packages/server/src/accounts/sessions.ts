/** Devices and their sessions: one row for each device, with the one refresh token that is good. */
import { type DeviceId, newId, type UserId } from "@ashlar/shared/ids";
import { devicesListedMax, refreshGraceMs, refreshTokenMs } from "@ashlar/shared/limits";
import type { Clock, Database, Mac, RandomBytes, Sha256, Statement } from "../ports.ts";
import {
  familyHash,
  formatRefreshToken,
  newRefreshToken,
  parseRefreshToken,
  type RefreshToken,
  successorOf,
  tokenHash,
} from "./refresh-token.ts";

/** What a signed-in device is given; the Worker adds the access token. */
export type Grant = { readonly user: UserId; readonly device: DeviceId; readonly shard: number; readonly refreshToken: string };

export type RefreshOutcome =
  | { readonly type: "refreshed"; readonly grant: Grant }
  /** Never issued, or expired. */
  | { readonly type: "invalid" }
  /** The caller sees to it that the user's object knows: whoever revoked it may not have got that far. */
  | { readonly type: "revoked"; readonly user: UserId; readonly device: DeviceId }
  /** An old token came again: it is in two hands, so the device has been revoked. */
  | { readonly type: "reused"; readonly user: UserId; readonly device: DeviceId };

/** A browser keeps its refresh token in a cookie. */
export type DeviceKind = "browser" | "command";
export type NewDevice = { readonly user: UserId; readonly name: string; readonly kind: DeviceKind; readonly shard: number };

export type SignedInDevice = {
  readonly id: DeviceId;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly createdAt: number;
  readonly lastSeenAt: number;
};

export type SessionPorts = {
  readonly db: Database;
  /** Keyed with the server's token key. */
  readonly mac: Mac;
  readonly sha256: Sha256;
  readonly random: RandomBytes;
  readonly clock: Clock;
};

type Row = {
  readonly shard: number;
  readonly revoked_at: number | null;
  readonly family_hash: string;
  readonly current_hash: string;
  readonly previous_hash: string | null;
  readonly rotated_at: number;
  readonly expires_at: number;
};

/**
 * A new device and the statement that writes it, for a batch with the rest of a sign-up. It writes nothing if the account is
 * not there by then, or the device is already.
 */
export function newDevice(
  { db, sha256, random, clock }: SessionPorts,
  { user, name, kind, shard }: NewDevice,
): { grant: Grant; statement: Statement } {
  const now = clock.now();
  const token = newRefreshToken(random, user, newId(random));
  const statement = db
    .prepare(
      `INSERT INTO devices (user_id, device_id, name, kind, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
       SELECT user_id, ?2, ?3, ?8, ?4, ?4, ?5, ?6, ?4, ?7 FROM accounts WHERE user_id = ?1
       ON CONFLICT DO NOTHING`,
    )
    .bind(user, token.device, name, now, familyHash(sha256, token), tokenHash(sha256, token), now + refreshTokenMs, kind);
  return { grant: grantOf(token, shard), statement };
}

/** Takes a refresh token for its successor. */
export async function refreshSession(ports: SessionPorts, text: string): Promise<RefreshOutcome> {
  const token = parseRefreshToken(text);
  if (token === undefined) return { type: "invalid" };
  const used = tokenHash(ports.sha256, token);
  // A second round only when another request with the same token rotated it in between: it then finds it one step back.
  for (let round = 0; round < 2; round++) {
    const row = await findDevice(ports.db, token);
    if (row === null || row.family_hash !== familyHash(ports.sha256, token)) return { type: "invalid" };
    if (row.revoked_at !== null) return { type: "revoked", user: token.user, device: token.device };
    const now = ports.clock.now();
    if (row.expires_at <= now) return { type: "invalid" };
    const next = successorOf(ports.mac, token);
    const lostAnswer = row.previous_hash === used && now - row.rotated_at <= refreshGraceMs;
    if (lostAnswer && row.current_hash === tokenHash(ports.sha256, next)) return { type: "refreshed", grant: grantOf(next, row.shard) };
    if (row.current_hash !== used) {
      await revokeDevice(ports, token.user, token.device);
      return { type: "reused", user: token.user, device: token.device };
    }
    if (await rotate(ports, token, used, next)) return { type: "refreshed", grant: grantOf(next, row.shard) };
  }
  return { type: "invalid" };
}

/** Whose token it is, if it is good, without using it up; one whose successor's answer was lost is good as well. */
export async function holderOf(ports: SessionPorts, text: string): Promise<{ user: UserId; device: DeviceId } | undefined> {
  const token = parseRefreshToken(text);
  if (token === undefined) return undefined;
  const row = await findDevice(ports.db, token);
  const now = ports.clock.now();
  if (row === null || row.revoked_at !== null || row.expires_at <= now) return undefined;
  const used = tokenHash(ports.sha256, token);
  const isGood = row.current_hash === used || (row.previous_hash === used && now - row.rotated_at <= refreshGraceMs);
  return isGood ? { user: token.user, device: token.device } : undefined;
}

/** Signed in and not expired, the last seen first. */
export async function listDevices({ db, clock }: Pick<SessionPorts, "db" | "clock">, user: UserId): Promise<SignedInDevice[]> {
  const { results } = await db
    .prepare(
      `SELECT device_id AS id, name, kind, created_at AS createdAt, last_seen_at AS lastSeenAt FROM devices
       WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 ORDER BY last_seen_at DESC, device_id LIMIT ?3`,
    )
    .bind(user, clock.now(), devicesListedMax)
    .all<SignedInDevice>();
  return results;
}

/** Access tokens are not looked up, so one may outlive its device by minutes: what ends other sessions asks first. */
export async function isRevoked({ db }: Pick<SessionPorts, "db">, user: UserId, device: DeviceId): Promise<boolean> {
  const row = await db
    .prepare("SELECT 1 FROM devices WHERE user_id = ?1 AND device_id = ?2 AND revoked_at IS NOT NULL")
    .bind(user, device)
    .first();
  return row !== null;
}

/** Ends a device's session for good; safe to repeat. False if this user has no such device. */
export async function revokeDevice({ db, clock }: Pick<SessionPorts, "db" | "clock">, user: UserId, device: DeviceId): Promise<boolean> {
  const row = await db
    .prepare("UPDATE devices SET revoked_at = coalesce(revoked_at, ?3) WHERE user_id = ?1 AND device_id = ?2 RETURNING device_id")
    .bind(user, device, clock.now())
    .first();
  return row !== null;
}

function grantOf(token: RefreshToken, shard: number): Grant {
  return { user: token.user, device: token.device, shard, refreshToken: formatRefreshToken(token) };
}

function findDevice(db: Database, token: RefreshToken): Promise<Row | null> {
  return db
    .prepare(
      `SELECT a.shard, d.revoked_at, d.family_hash, d.current_hash, d.previous_hash, d.rotated_at, d.expires_at
       FROM devices d JOIN accounts a USING (user_id) WHERE d.user_id = ?1 AND d.device_id = ?2`,
    )
    .bind(token.user, token.device)
    .first<Row>();
}

/** False if the token is no longer the current one. */
async function rotate({ db, sha256, clock }: SessionPorts, token: RefreshToken, used: string, next: RefreshToken): Promise<boolean> {
  const now = clock.now();
  const row = await db
    .prepare(
      `UPDATE devices SET previous_hash = current_hash, current_hash = ?4, rotated_at = ?5, last_seen_at = ?5, expires_at = ?6
       WHERE user_id = ?1 AND device_id = ?2 AND current_hash = ?3 AND revoked_at IS NULL RETURNING device_id`,
    )
    .bind(token.user, token.device, used, tokenHash(sha256, next), now, now + refreshTokenMs)
    .first();
  return row !== null;
}
