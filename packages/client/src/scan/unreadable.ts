import { DiskError, type RelativePath } from "../ports.ts";
import type { Hindrance } from "./types.ts";

/** What to tell a person of a folder or rule file that cannot be looked at. Anything but that is thrown on. */
export function unreadable(path: RelativePath, error: unknown): Hindrance {
  if (!(error instanceof DiskError) || error.code === "root-gone") throw error;
  return { path, reason: "unreadable", detail: detailOf(error) };
}

function detailOf({ code, cause }: DiskError): string {
  if (code === "no-permission") return "this account may not read it: allow it, or name it in .ashlarignore";
  if (code === "busy") return "it changes too fast or is in use: it is looked at again";
  if (code === "bad-name") return "its path is too long for this system: move it up";
  if (cause instanceof RangeError) return cause.message;
  return `it cannot be read (${code}): check the disk`;
}
