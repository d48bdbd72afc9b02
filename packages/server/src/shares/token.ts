/**
 * Tokens of shares: 128 bits in 22 characters. They are derived from the share's id with a key of the server, so that the owner can
 * be shown the link again although only its hash is stored.
 */
import { toBase64Url, toHex } from "@ashlar/shared/encoding";
import type { ShareId, UserId } from "@ashlar/shared/ids";
import type { Mac, Sha256 } from "../ports.ts";

const tokenBytes = 16;

export function shareToken(mac: Mac, user: UserId, share: ShareId): string {
  return toBase64Url(mac(`share ${user} ${share}`).slice(0, tokenBytes));
}

/** Plain SHA-256 is enough: there is nothing to guess. */
export function shareTokenHash(sha256: Sha256, token: string): string {
  return toHex(sha256(new TextEncoder().encode(`share ${token}`)));
}
