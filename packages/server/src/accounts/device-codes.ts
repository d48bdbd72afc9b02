/**
 * Signing a command in through a browser (RFC 8628). A command's secret is `CODE.secret`, of which the row under the code keeps a hash.
 * The session that it gets is derived from the secret, so that a command whose answer was lost gets the same one by asking again.
 */
import { toBase64Url, toHex } from "@ashlar/shared/encoding";
import type { DeviceId, UserId } from "@ashlar/shared/ids";
import { deviceCodeMs, deviceCodePollMs, userCodeChars } from "@ashlar/shared/limits";
import { userCodeAlphabet, type UserCode, userCodeSchema } from "@ashlar/shared/protocol/device-code";
import type { Database, RandomBytes } from "../ports.ts";
import { type Grant, newDevice, type SessionPorts } from "./sessions.ts";

export type AskedCode = { readonly userCode: UserCode; readonly deviceCode: string; readonly expiresAt: number };

/** What waits for an answer. */
export type WaitingCode = {
  readonly device: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly networkHash: string | null;
};

export type PollOutcome =
  | { readonly type: "authorization-pending" | "slow-down" | "access-denied" | "code-expired" }
  | { readonly type: "approved"; readonly grant: Grant; readonly email: string };

const format = new RegExp(`^([${userCodeAlphabet}]{${userCodeChars}})\\.([\\w-]{43})$`);

/** A draw of 34.5 bits meets one of a few thousand live codes about never; more tries than these are a fault. */
const drawsMax = 5;

export async function askForCode(
  { db, sha256, random, clock }: SessionPorts,
  { name, networkHash }: { name: string; networkHash: string | null },
): Promise<AskedCode> {
  const now = clock.now();
  const expiresAt = now + deviceCodeMs;
  for (let draw = 0; draw < drawsMax; draw++) {
    const userCode = newUserCode(random);
    const deviceCode = `${userCode}.${toBase64Url(random(32))}`;
    const row = await db
      .prepare(
        `INSERT INTO device_codes (user_code, device_code_hash, name, network_hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (user_code) DO UPDATE SET device_code_hash = ?2, name = ?3, network_hash = ?4, created_at = ?5, expires_at = ?6,
           polled_at = NULL, answer = NULL, user_id = NULL, answered_by = NULL
         WHERE expires_at <= ?5 RETURNING user_code`,
      )
      .bind(userCode, hashOf(sha256, deviceCode), name, networkHash, now, expiresAt)
      .first();
    if (row !== null) return { userCode, deviceCode, expiresAt };
  }
  throw new Error("no free code was drawn");
}

/** Each letter of the alphabet is as likely as the others: bytes above the last whole round of it are drawn again. */
function newUserCode(random: RandomBytes): UserCode {
  const bound = 256 - (256 % userCodeAlphabet.length);
  let code = "";
  while (code.length < userCodeChars) {
    const [byte = 0] = random(1);
    if (byte < bound) code += userCodeAlphabet[byte % userCodeAlphabet.length];
  }
  return userCodeSchema.parse(code);
}

/** Undefined for a code that was answered, has expired, or never was. */
export async function findCode({ db, clock }: Pick<SessionPorts, "db" | "clock">, code: UserCode): Promise<WaitingCode | undefined> {
  const row = await db
    .prepare(
      `SELECT name AS device, created_at AS createdAt, expires_at AS expiresAt, network_hash AS networkHash FROM device_codes
       WHERE user_code = ?1 AND expires_at > ?2 AND answer IS NULL`,
    )
    .bind(code, clock.now())
    .first<WaitingCode>();
  return row ?? undefined;
}

/** The first answer counts, and may come again. False if there is no such code to answer. */
export async function answerCode(
  { db, clock }: Pick<SessionPorts, "db" | "clock">,
  { code, answer, user, device }: { code: UserCode; answer: "approve" | "deny"; user: UserId; device: DeviceId },
): Promise<boolean> {
  const row = await db
    .prepare(
      `UPDATE device_codes SET answer = ?3, user_id = ?4, answered_by = ?5
       WHERE user_code = ?1 AND expires_at > ?2 AND (answer IS NULL OR (answer = ?3 AND user_id = ?4)) RETURNING user_code`,
    )
    .bind(code, clock.now(), answer, user, device)
    .first();
  return row !== null;
}

type Row = {
  readonly hash: string;
  readonly name: string;
  readonly expires_at: number;
  readonly polled_at: number | null;
  readonly answer: "approve" | "deny" | null;
  readonly user_id: UserId | null;
  readonly shard: number | null;
  readonly email: string | null;
  /** Whether the device that approved may still do so: one that was signed out since lets nobody in. */
  readonly stands: number;
};

const pollSql = `
  SELECT c.device_code_hash AS hash, c.name, c.expires_at, c.polled_at, c.answer, c.user_id, a.shard, a.email,
    EXISTS (SELECT 1 FROM devices d WHERE d.user_id = c.user_id AND d.device_id = c.answered_by AND d.revoked_at IS NULL) AS stands
  FROM device_codes c LEFT JOIN accounts a USING (user_id) WHERE c.user_code = ?1`;

/** What the command that has the secret gets. */
export async function pollCode(ports: SessionPorts, deviceCode: string): Promise<PollOutcome> {
  const [, code] = format.exec(deviceCode) ?? [];
  if (code === undefined) return { type: "code-expired" };
  const { db, sha256, clock } = ports;
  const now = clock.now();
  const row = await db.prepare(pollSql).bind(code).first<Row>();
  if (row === null || row.hash !== hashOf(sha256, deviceCode) || row.expires_at <= now) return { type: "code-expired" };
  if (row.answer === "deny") return { type: "access-denied" };
  if (row.answer === "approve") return (await claim(ports, deviceCode, row)) ?? { type: "code-expired" };
  await db.prepare("UPDATE device_codes SET polled_at = ?2 WHERE user_code = ?1").bind(code, now).run();
  const soon = row.polled_at !== null && now - row.polled_at < deviceCodePollMs - pollMarginMs;
  return { type: soon ? "slow-down" : "authorization-pending" };
}

/** The way of one question may be shorter than that of the one before. */
const pollMarginMs = 500;

async function claim(ports: SessionPorts, deviceCode: string, row: Row): Promise<PollOutcome | undefined> {
  const { user_id: user, shard, email, name, stands } = row;
  if (user === null || shard === null || email === null || stands !== 1) return undefined;
  let drawn = 0;
  const random = (count: number) => ports.mac(`device code ${drawn++} ${deviceCode}`).subarray(0, count);
  const { grant, statement } = newDevice({ ...ports, random }, { user, name, kind: "command", shard });
  // A device that is there already was made by an answer that got lost, and is given again as long as it was not used.
  const unused = ports.db
    .prepare("SELECT 1 FROM devices WHERE user_id = ?1 AND device_id = ?2 AND revoked_at IS NULL AND previous_hash IS NULL")
    .bind(user, grant.device);
  const [, found] = await ports.db.batch([statement, unused]);
  return found?.results.length === 1 ? { type: "approved", grant, email } : undefined;
}

export async function sweepCodes(db: Database, expiredBefore: number): Promise<void> {
  await db.prepare("DELETE FROM device_codes WHERE expires_at < ?1").bind(expiredBefore).run();
}

/** Plain SHA-256 is enough: what it hides is random, so there is nothing to guess. */
function hashOf(sha256: SessionPorts["sha256"], text: string): string {
  return toHex(sha256(new TextEncoder().encode(text)));
}
