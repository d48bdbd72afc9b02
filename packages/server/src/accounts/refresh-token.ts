/**
 * Refresh tokens: `user.device.family.secret`, opaque to clients. Only hashes are stored. The family stays the same for the life of
 * a device and the secret changes at every use, so an old token can be told from an invented one without remembering all of them:
 * who names the family has seen one of the device's tokens.
 */
import { toBase64Url, toHex } from "@ashlar/shared/encoding";
import { type DeviceId, deviceIdSchema, type UserId, userIdSchema } from "@ashlar/shared/ids";
import type { Mac, RandomBytes, Sha256 } from "../ports.ts";

export type RefreshToken = { readonly user: UserId; readonly device: DeviceId; readonly family: string; readonly secret: string };

const format = /^([\w-]{22})\.([\w-]{22})\.([\w-]{22})\.([\w-]{43})$/;

export function newRefreshToken(random: RandomBytes, user: UserId, device: DeviceId): RefreshToken {
  return { user, device, family: toBase64Url(random(16)), secret: toBase64Url(random(32)) };
}

/** Undefined for anything that {@link formatRefreshToken} did not write. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [, user, device, family, secret] = format.exec(text) ?? [];
  if (family === undefined || secret === undefined) return undefined;
  return { user: userIdSchema.parse(user), device: deviceIdSchema.parse(device), family, secret };
}

export function formatRefreshToken({ user, device, family, secret }: RefreshToken): string {
  return `${user}.${device}.${family}.${secret}`;
}

/**
 * The token that follows. It is derived, so that a device whose answer was lost gets the same one again although the server
 * stores none; without the server's key nobody can derive it.
 */
export function successorOf(mac: Mac, token: RefreshToken): RefreshToken {
  return { ...token, secret: toBase64Url(mac(`refresh ${formatRefreshToken(token)}`)) };
}

export function familyHash(sha256: Sha256, token: RefreshToken): string {
  return hash(sha256, token.family);
}

export function tokenHash(sha256: Sha256, token: RefreshToken): string {
  return hash(sha256, formatRefreshToken(token));
}

/** Plain SHA-256 is enough: what it hides is random, so there is nothing to guess. */
function hash(sha256: Sha256, text: string): string {
  return toHex(sha256(new TextEncoder().encode(text)));
}
