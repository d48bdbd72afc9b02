import type { ConflictReason } from "@ashlar/shared/protocol/commit";

/** Why the server left something as it was, and what to do about it. */
export function conflictText(reason: ConflictReason, name: string): string {
  switch (reason) {
    case "name-taken":
      return `There is something else called “${name}” there. Choose another name.`;
    case "stale":
      return `“${name}” was changed on another device meanwhile. Look at it, and try again.`;
    case "gone":
      return `“${name}” was deleted on another device meanwhile. It is in the trash.`;
    case "parent-gone":
      return `The folder for “${name}” is not there any more. Choose another one.`;
    case "cycle":
      return `“${name}” cannot be moved into itself.`;
    case "not-empty":
      return `Something new was put into “${name}” meanwhile. Look at it, and delete it again if you want.`;
    case "too-deep":
      return `“${name}” would lie too many folders deep.`;
    case "wrong-kind":
    case "id-taken":
      return `“${name}” cannot be changed that way.`;
  }
}
