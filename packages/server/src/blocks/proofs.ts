/**
 * When possession of a block may be proven instead of sending it, and under which nonce. Nothing is stored: both follow from the
 * server's key.
 */
import { toBase64Url } from "@ashlar/shared/encoding";
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { proofMs, proveHoldersMax, proveHoldersMin } from "@ashlar/shared/limits";
import { equalText } from "../equal-text.ts";
import type { Mac } from "../ports.ts";

export type Proofs = {
  /**
   * How many others have to hold the block before its proof is offered. Drawn for each block, the same for ever and for everyone:
   * a second draw would tell more about the first (Harnik, Pinkas, Shulman-Peleg 2010).
   */
  holdersNeeded(hash: BlockHash): number;
  /** Good for this user and block for `proofMs`; `now` in ms since 1970. */
  nonce(asked: { user: UserId; hash: BlockHash; now: number }): string;
  verifyNonce(said: { user: UserId; hash: BlockHash; nonce: string; now: number }): "good" | "forged" | "expired";
};

/** `mac` is keyed with the server's address key: what it signs here begins with other words than an address. */
export function createProofs(mac: Mac): Proofs {
  const nonceUntil = (user: UserId, hash: BlockHash, expiry: string) => `${expiry}.${toBase64Url(mac(`prove ${hash} ${user} ${expiry}`))}`;
  return {
    holdersNeeded(hash) {
      const drawn = mac(`holders ${hash}`);
      // 32 bits for a handful of values: the remainder favours none that anybody could notice.
      const number = new DataView(drawn.buffer, drawn.byteOffset, drawn.length).getUint32(0);
      return proveHoldersMin + (number % (proveHoldersMax - proveHoldersMin + 1));
    },
    nonce: ({ user, hash, now }) => nonceUntil(user, hash, String(Math.floor((now + proofMs) / 1000))),
    verifyNonce({ user, hash, nonce, now }) {
      const [expiry = ""] = nonce.split(".");
      if (!equalText(nonceUntil(user, hash, expiry), nonce)) return "forged";
      return Number(expiry) * 1000 > now ? "good" : "expired";
    },
  };
}
