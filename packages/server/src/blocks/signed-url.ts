/**
 * Signed addresses of immutable objects: `/v1/b/<hash>?e=<expiry>&s=<signature>`, `/v1/p/<pack>?...` and
 * `/v1/d/<target>/<base>?...`. The signature binds the
 * object, the user and the expiry, so the download room needs no database: who holds a good address and is that user may read (I2).
 */
import { toBase64Url } from "@ashlar/shared/encoding";
import type { UserId } from "@ashlar/shared/ids";
import { signedUrlMs, signedUrlWindowMs } from "@ashlar/shared/limits";
import { equalText } from "../equal-text.ts";
import type { Mac } from "../ports.ts";

/** A block by its hash, or a pack or kept delta of the user's own. */
export type ObjectKind = "b" | "p" | "d";
export type SignedObject = { readonly user: UserId; readonly kind: ObjectKind; readonly key: string };

export type UrlSigner = {
  /** A path on this server, the same for all of one window; `now` and `expiresAt` in ms since 1970. */
  sign(object: SignedObject & { now: number }): string;
  expiresAt(now: number): number;
  verify(object: SignedObject & { expiry: string; signature: string; now: number }): "good" | "forged" | "expired";
};

/** `mac` is keyed with the server's address key. */
export function createUrlSigner(mac: Mac): UrlSigner {
  const signature = ({ user, kind, key }: SignedObject, expiry: string) => toBase64Url(mac(`url ${kind} ${key} ${user} ${expiry}`));
  return {
    sign(object) {
      const expiry = String(expiresAt(object.now) / 1000);
      return `/v1/${object.kind}/${object.key}?e=${expiry}&s=${signature(object, expiry)}`;
    },
    expiresAt,
    verify({ expiry, signature: said, now, ...object }) {
      // Expired is said only of what was good once, so a forger learns nothing.
      if (!equalText(signature(object, expiry), said)) return "forged";
      return Number(expiry) * 1000 > now ? "good" : "expired";
    },
  };
}

export function expiresAt(now: number): number {
  return Math.ceil((now + signedUrlMs) / signedUrlWindowMs) * signedUrlWindowMs;
}
