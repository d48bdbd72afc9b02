import { conflictNote, shorten, sideName } from "@ashlar/shared/side-names";

export { isTemporaryName, temporaryName } from "@ashlar/shared/side-names";

/**
 * `name (conflicted copy, DEVICE, DATE).ext`, from the second on with a number: the same loser on the same device and day
 * gets the same name, wherever and however often that is decided. Never above the bytes a name may have.
 */
export function conflictName(name: string, options: { deviceName: string; date: string; number: number }): string {
  const count = options.number > 1 ? ` ${options.number}` : "";
  return sideName(name, `${conflictNote}${printable(options.deviceName)}, ${options.date}${count}`);
}

function printable(deviceName: string): string {
  // A path's separator would lead elsewhere, and control characters into somebody's terminal.
  return shorten(deviceName.normalize("NFC").replaceAll(/[/\\:*?"<>|\p{Cc}]/gu, "-"), 64);
}
