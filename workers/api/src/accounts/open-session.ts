/** Sessions as they are handed out: the grant of the accounts' logic, with an access token. */
import { randomBytes } from "@ashlar/durable-objects/crypto";
import type { Grant } from "@ashlar/server/accounts/sessions";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import { type Epoch, newId } from "@ashlar/shared/ids";
import type { Session } from "@ashlar/shared/protocol/account";
import { type Env, metaShard } from "../env.ts";
import { signAccessToken } from "../http/access-token.ts";

/** A session after sign-up or sign-in. The namespace is made here both times: a crash between the two heals at the next sign-in. */
export async function openSession(env: Env, grant: Grant): Promise<Session> {
  const namespace = { user: grant.user, epoch: newId<Epoch>(randomBytes), now: Date.now(), quotaBytes: quotaOf(env) };
  await ensureNamespace(metaShard(env, grant.shard), namespace);
  return sessionOf(env, grant);
}

/** Digits only, so that no mistake in a setting makes an account without bounds, or one of no bytes. */
function quotaOf({ QUOTA_BYTES }: Env): number {
  if (!/^\d{1,15}$/.test(QUOTA_BYTES)) throw new RangeError(`QUOTA_BYTES must be a number of bytes, not "${QUOTA_BYTES}"`);
  return Number(QUOTA_BYTES);
}

export async function sessionOf(env: Env, { user, device, shard, refreshToken }: Grant): Promise<Session> {
  const { token, expiresAt } = await signAccessToken(env.TOKEN_KEY, { user, device, shard }, Date.now());
  return { user, device, accessToken: token, accessExpiresAt: expiresAt, refreshToken };
}
