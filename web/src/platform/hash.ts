import type { Hmac } from "@ashlar/client/ports";
import { blockHashSchema, type BlockHash } from "@ashlar/shared/ids";

/** The bytes as WebCrypto takes them: none of ours lie in shared memory. */
const plain = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

export async function hashBlock(bytes: Uint8Array): Promise<BlockHash> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain(bytes)));
  return blockHashSchema.parse(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

export const hmac: Hmac = async (key, bytes) => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", new TextEncoder().encode(key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign(algorithm, imported, plain(bytes)));
};
