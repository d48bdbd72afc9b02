/** Names that Ashlar gives by itself: beside what a person named, or on the way to it. */
import type { NodeId } from "./ids.ts";
import { nameBytesMax } from "./limits.ts";

const encoder = new TextEncoder();
const temporaryPrefix = ".ashlar-swap-";
/** What follows the last dot of a longer one is no extension. */
const extensionCharsMax = 32;

/** Where a node steps out of the way in a swap. Found on a disk, it is a step that was cut short, and no person's choice. */
export function temporaryName(id: NodeId): string {
  return `${temporaryPrefix}${id}`;
}

export function isTemporaryName(name: string): boolean {
  return name.startsWith(temporaryPrefix);
}

/** `name (NOTE).ext`, never above the bytes a name may have: the name gives way, the note and the extension stay. */
export function sideName(name: string, note: string): string {
  const dot = name.lastIndexOf(".");
  const hasExtension = dot > 0 && name.length - dot <= extensionCharsMax;
  const stem = hasExtension ? name.slice(0, dot) : name;
  const ending = ` (${note})${hasExtension ? name.slice(dot) : ""}`;
  return shorten(stem, nameBytesMax - encoder.encode(ending).length) + ending;
}

/** What follows it is the device's name and the day. */
export const conflictNote = "conflicted copy, ";

/** Whether that may be the name of a conflicted copy of the other; a very long one is cut and not recognised. */
export function isConflictNameOf(name: string, of: string): boolean {
  const [before = "", after = ""] = sideName(of, conflictNote).split(conflictNote);
  return name.startsWith(before + conflictNote) && name.endsWith(after);
}

/** As many whole characters from the beginning as fit. */
export function shorten(text: string, bytesMax: number): string {
  let short = "";
  let bytes = 0;
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > bytesMax) break;
    short += character;
  }
  return short;
}
