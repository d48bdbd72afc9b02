import type { NodeId } from "@ashlar/shared/ids";
import { nameBytesMax } from "@ashlar/shared/limits";

const encoder = new TextEncoder();
const temporaryPrefix = ".ashlar-swap-";
/** What follows the last dot of a longer one is no extension. */
const extensionCharsMax = 32;

/** Where a node steps out of the way in a swap. Found on the disk, it is a step that was cut short, and no person's choice. */
export function temporaryName(id: NodeId): string {
  return `${temporaryPrefix}${id}`;
}

export function isTemporaryName(name: string): boolean {
  return name.startsWith(temporaryPrefix);
}

/**
 * `name (conflicted copy, DEVICE, DATE).ext`, from the second on with a number: the same loser on the same device and day
 * gets the same name, wherever and however often that is decided. Never above the bytes a name may have.
 */
export function conflictName(name: string, options: { deviceName: string; date: string; number: number }): string {
  const dot = name.lastIndexOf(".");
  const hasExtension = dot > 0 && name.length - dot <= extensionCharsMax;
  const stem = hasExtension ? name.slice(0, dot) : name;
  const extension = hasExtension ? name.slice(dot) : "";
  const device = printable(options.deviceName);
  const count = options.number > 1 ? ` ${options.number}` : "";
  const suffix = ` (conflicted copy, ${device}, ${options.date}${count})`;
  return shorten(stem, nameBytesMax - encoder.encode(suffix + extension).length) + suffix + extension;
}

function printable(deviceName: string): string {
  // A path's separator would lead elsewhere, and control characters into somebody's terminal.
  return shorten(deviceName.normalize("NFC").replaceAll(/[/\\:*?"<>|\p{Cc}]/gu, "-"), 64);
}

function shorten(text: string, bytesMax: number): string {
  let short = "";
  let bytes = 0;
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > bytesMax) break;
    short += character;
  }
  return short;
}
