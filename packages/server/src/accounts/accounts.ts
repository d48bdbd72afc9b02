/** Accounts: sign-up and sign-in. Both make a device and grant it a session. */
import { newId, type UserId } from "@ashlar/shared/ids";
import type { Credentials } from "@ashlar/shared/protocol/account";
import { checkPassword, hashPassword, type Scrypt } from "./password.ts";
import { type Grant, type NewDevice, newDevice, type SessionPorts } from "./sessions.ts";

export type AccountPorts = SessionPorts & { readonly scrypt: Scrypt };

/** Undefined if the address is taken. The shard is one of `shardCount`, chosen once for all of the user's metadata. */
export async function signUp(ports: AccountPorts, credentials: Credentials, shardCount: number): Promise<Grant | undefined> {
  const user = newId<UserId>(ports.random);
  const [byte = 0] = ports.random(1);
  const shard = byte % shardCount;
  const hash = await hashPassword(ports, credentials.password);
  const account = ports.db
    .prepare(
      `INSERT INTO accounts (user_id, email, password_hash, shard, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (email) DO NOTHING RETURNING user_id`,
    )
    .bind(user, credentials.email, hash, shard, ports.clock.now());
  const { grant, statement } = newDevice(ports, { user, ...deviceOf(credentials), shard });
  const [inserted] = await ports.db.batch([account, statement]);
  return inserted?.results.length === 1 ? grant : undefined;
}

/** Undefined if the address or the password is wrong, in the same time. */
export async function signIn(ports: AccountPorts, credentials: Credentials): Promise<Grant | undefined> {
  const account = await ports.db
    .prepare("SELECT user_id, password_hash, shard FROM accounts WHERE email = ?1")
    .bind(credentials.email)
    .first<{ user_id: UserId; password_hash: string; shard: number }>();
  const { right, outdated } = await checkPassword(ports.scrypt, credentials.password, account?.password_hash);
  if (account === null || !right) return undefined;
  const { grant, statement } = newDevice(ports, { user: account.user_id, ...deviceOf(credentials), shard: account.shard });
  const statements = [statement];
  if (outdated) {
    const rehash = ports.db.prepare("UPDATE accounts SET password_hash = ?3 WHERE user_id = ?1 AND password_hash = ?2");
    statements.push(rehash.bind(account.user_id, account.password_hash, await hashPassword(ports, credentials.password)));
  }
  await ports.db.batch(statements);
  return grant;
}

/** Who has the refresh token kept in a cookie is a browser. */
function deviceOf({ device, keep }: Credentials): Pick<NewDevice, "name" | "kind"> {
  return { name: device, kind: keep === "cookie" ? "browser" : "command" };
}
