import type { ContentUse } from "@ashlar/shared/protocol/content";

/** What could end a header, steer a terminal, or show a name turned round (`exe.gpj`). */
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A `Content-Disposition` (RFC 6266): a plain name for old programs, and the true one (RFC 8187). */
export function dispositionOf(use: ContentUse, name: string): string {
  const shown = name.replaceAll(unprintable, "_");
  const plain = shown.replaceAll(/[^\x20-\x7e]|["\\%]/gu, "_");
  const exact = encodeURIComponent(shown).replaceAll(/['()*!]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${use === "inline" ? "inline" : "attachment"}; filename="${plain}"; filename*=UTF-8''${exact}`;
}
