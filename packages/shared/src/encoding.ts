/** Bytes as text, by what all runtimes have in common (`Uint8Array.toBase64` is not in Node 24). */

/** Small enough for the arguments of one call, a multiple of 3 so that pieces join without padding. */
const pieceBytes = 0x6000;

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + pieceBytes)));
  }
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The inverse of {@link toBase64Url}. Throws a RangeError on anything that it would not have written. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new RangeError("not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  // Leftover bits of the last character must be zero: one value, one spelling.
  const tail = text.length % 4 === 0 ? 0 : text.length % 4 === 2 ? 4 : 2;
  const last = text.at(-1);
  if (tail > 0 && last !== undefined && toBase64Url(bytes.subarray(bytes.length - (bytes.length % 3))).at(-1) !== last) {
    throw new RangeError("not canonical base64url");
  }
  return bytes;
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexOfByte[byte];
  return text;
}

/** The inverse of {@link toHex}. Throws a RangeError on anything but an even number of lower-case hexadecimal digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new RangeError("not hexadecimal");
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
