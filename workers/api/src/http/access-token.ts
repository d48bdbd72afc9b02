/** Access tokens: JWT (RFC 7519) by HS256, good for 15 minutes, with all that a request needs to know in the claims. */
import { type DeviceId, deviceIdSchema, type UserId, userIdSchema } from "@ashlar/shared/ids";
import { accessTokenMs } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { sign, verify } from "hono/jwt";
import * as z from "zod";

/** Who asks: nothing of it is looked up. `shard` is the user's meta database. */
export type Identity = { readonly user: UserId; readonly device: DeviceId; readonly shard: number };
/** {@link Identity} by a good token, and until when that is good, in ms since 1970. */
export type Bearer = Identity & { readonly expiresAt: number };

const algorithm = "HS256";
const issuer = "ashlar";

const claimsSchema = z.object({
  sub: userIdSchema,
  dev: deviceIdSchema,
  grp: z.int().nonnegative(),
  iat: z.int(),
  exp: z.int(),
});

/** `now` in ms since 1970, as is `expiresAt`. */
export async function signAccessToken(key: string, identity: Identity, now: number): Promise<{ token: string; expiresAt: number }> {
  const iat = Math.floor(now / 1000);
  const exp = iat + accessTokenMs / 1000;
  const claims = { iss: issuer, aud: issuer, sub: identity.user, dev: identity.device, grp: identity.shard, iat, exp };
  return { token: await sign(claims, key, algorithm), expiresAt: exp * 1000 };
}

/** Refuses with `token-expired`, or `unauthenticated` for anything else that is not good, without saying why. */
export async function verifyAccessToken(key: string, token: string): Promise<Bearer> {
  try {
    const claims = claimsSchema.parse(await verify(token, key, { alg: algorithm, iss: issuer, aud: issuer }));
    return { user: claims.sub, device: claims.dev, shard: claims.grp, expiresAt: claims.exp * 1000 };
  } catch (cause) {
    const expired = cause instanceof Error && cause.name === "JwtTokenExpired";
    throw new ProblemError(expired ? "token-expired" : "unauthenticated", undefined, { cause });
  }
}
