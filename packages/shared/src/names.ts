/** What a name of a file or folder may be. The same rules refuse at the edge and explain on the client. */
import { nameBytesMax } from "./limits.ts";

export type NameFault = "empty" | "too-long" | "not-nfc" | "separator" | "nul" | "dot" | "lone-surrogate";

const encoder = new TextEncoder();

/** What is wrong with a name as the wire has it: 1 to 255 bytes of UTF-8 in NFC, no `/`, NUL, `.` or `..`. */
export function nameFault(name: string): NameFault | undefined {
  if (name === "") return "empty";
  if (name === "." || name === "..") return "dot";
  if (name.includes("/")) return "separator";
  if (name.includes("\0")) return "nul";
  if (!name.isWellFormed()) return "lone-surrogate";
  if (encoder.encode(name).length > nameBytesMax) return "too-long";
  if (name.normalize("NFC") !== name) return "not-nfc";
  return undefined;
}

/**
 * What is wrong with a spelling: the form a name has on the disk it came from, where that is not NFC.
 * It must be the same name: equal after NFC, and no longer than a name may be.
 */
export function spellingFault(name: string, spelling: string): NameFault | undefined {
  // The length first: normalizing takes a time that grows with the square of the marks on one letter.
  if (encoder.encode(spelling).length > nameBytesMax) return "too-long";
  return spelling.normalize("NFC") === name ? undefined : "not-nfc";
}
