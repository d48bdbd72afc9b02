/** One's own account: what it is, and its password. */
import type { DeviceId, UserId } from "@ashlar/shared/ids";
import { accessTokenMs } from "@ashlar/shared/limits";
import type { AccountPorts } from "./accounts.ts";
import { checkPassword, hashPassword } from "./password.ts";
import type { SessionPorts } from "./sessions.ts";

export async function readAccount(
  { db }: Pick<SessionPorts, "db">,
  user: UserId,
): Promise<{ email: string; createdAt: number } | undefined> {
  const sql = "SELECT email, created_at AS createdAt FROM accounts WHERE user_id = ?1";
  return (await db.prepare(sql).bind(user).first<{ email: string; createdAt: number }>()) ?? undefined;
}

/** Devices that are signed out by it, or were lately: a request that comes again has them told again; undefined if `current` is not the password. */
export type PasswordChange = { readonly signedOut: readonly DeviceId[] } | undefined;

/**
 * Sets another password. A request that comes again, since its answer was lost, finds its `next` set already: that is as good a proof
 * as `current` was.
 */
export async function changePassword(
  ports: AccountPorts,
  request: { user: UserId; device: DeviceId; current: string; next: string; signOutOthers: boolean },
): Promise<PasswordChange> {
  const { user, device, current, next, signOutOthers } = request;
  const row = await ports.db.prepare("SELECT password_hash FROM accounts WHERE user_id = ?1").bind(user).first<{ password_hash: string }>();
  if (row === null) return undefined;
  const isCurrent = (await checkPassword(ports.scrypt, current, row.password_hash)).right;
  if (!isCurrent && !(await checkPassword(ports.scrypt, next, row.password_hash)).right) return undefined;
  const statements = [];
  if (isCurrent) {
    const change = ports.db.prepare("UPDATE accounts SET password_hash = ?3 WHERE user_id = ?1 AND password_hash = ?2 RETURNING user_id");
    statements.push(change.bind(user, row.password_hash, await hashPassword(ports, next)));
  }
  const others = ports.db
    .prepare(
      `UPDATE devices SET revoked_at = coalesce(revoked_at, ?3) WHERE user_id = ?1 AND device_id <> ?2 AND ?4
       AND (revoked_at IS NULL OR revoked_at > ?3 - ${accessTokenMs}) RETURNING device_id AS id`,
    )
    .bind(user, device, ports.clock.now(), signOutOthers ? 1 : 0);
  const results = await ports.db.batch<{ id: DeviceId }>([...statements, others]);
  // Somebody else changed it in between, with the same password.
  if (isCurrent && results[0]?.results.length === 0) return undefined;
  return { signedOut: results.at(-1)?.results.map(({ id }) => id) ?? [] };
}
