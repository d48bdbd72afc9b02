import { fromBase64Url, toBase64Url } from "@ashlar/shared/encoding";
import { equalText } from "../equal-text.ts";
import type { Mac } from "../ports.ts";

/**
 * A value that leaves and comes back unchanged: base64url of its JSON, a dot, and a signature over the kind and the value, so that
 * nothing sealed as one kind is ever taken for another. It is signed and not secret.
 */
export function seal(mac: Mac, kind: string, value: unknown): string {
  const payload = toBase64Url(new TextEncoder().encode(JSON.stringify(value)));
  return `${payload}.${toBase64Url(mac(`sealed ${kind} ${payload}`))}`;
}

/** Undefined for anything that {@link seal} did not write for this kind. */
export function unseal(mac: Mac, kind: string, text: string): unknown {
  const [payload = "", signature = "", ...more] = text.split(".");
  if (more.length > 0 || !equalText(toBase64Url(mac(`sealed ${kind} ${payload}`)), signature)) return undefined;
  return JSON.parse(new TextDecoder().decode(fromBase64Url(payload)));
}
