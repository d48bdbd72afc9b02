import type { Platform } from "../engine/types.ts";

/**
 * What the usual file systems of an operating system hold. `name` is `process.platform`. A case-sensitive disk on macOS
 * or Windows is treated as if it were not: two names that differ by case only then wait, and none is lost.
 */
export function platformOf(name: string): Platform {
  const isWindows = name === "win32";
  return {
    caseSensitive: !isWindows && name !== "darwin",
    keepsModes: !isWindows,
    nameFault: isWindows ? windowsNameFault : () => undefined,
  };
}

/** Microsoft, "Naming Files, Paths, and Namespaces": reserved characters and device names, and no dot or space at the end. */
function windowsNameFault(fileName: string): string | undefined {
  const reserved = Array.from(fileName).find((character) => character < " " || '<>:"/\\|?*'.includes(character));
  if (reserved !== undefined) return `Windows allows no ${JSON.stringify(reserved)} in a name: rename it on another device.`;
  if (/[. ]$/.test(fileName)) return "Windows allows no dot or space at the end of a name: rename it on another device.";
  if (/^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\.|$)/i.test(fileName))
    return "Windows keeps that name for a device: rename it on another device.";
  return undefined;
}
