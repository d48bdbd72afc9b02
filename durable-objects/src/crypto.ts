/** The platform's cryptography behind the ports of the server's logic, for the Workers and the Durable Object alike. */
import { createHash, createHmac } from "node:crypto";

/** SHA-256 of some bytes: 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** HMAC-SHA-256 (RFC 2104) of bytes, or of a text in UTF-8, under a key: 32 bytes. */
export function hmacSha256(key: string, message: string | Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(message).digest();
}

export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
