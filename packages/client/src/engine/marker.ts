/** The marker in `.ashlar/` says that this is a synced folder, and whose. Without it nothing is deleted (I6). */
import type { Disk } from "../ports.ts";
import type { Trees } from "../trees/trees.ts";
import { HaltError } from "./types.ts";
import type { UserId } from "@ashlar/shared/ids";
import { DiskError } from "../ports.ts";

export const rootGoneQuestion =
  "The synced folder, or the marker in it, is gone: perhaps its disk is not mounted, or it was moved. Nothing is deleted. " +
  "Put it back, or stop this sync and start it with --allow-mass-delete to go on with the folder as it is.";

/** A question for a person, or nothing if all is well. */
export async function checkMarker(
  disk: Disk,
  trees: Trees,
  options: { user: UserId; allowMassDelete: boolean },
): Promise<string | undefined> {
  const known = trees.meta.account;
  if (known !== undefined && known !== options.user) throw otherAccount();
  try {
    const marker = await disk.readMarker();
    if (marker !== undefined && marker.trim() !== options.user) throw otherAccount();
    if (marker === undefined) {
      if (known !== undefined && !options.allowMassDelete) return rootGoneQuestion;
      await disk.writeMarker(`${options.user}\n`);
    }
  } catch (error) {
    if (error instanceof DiskError && error.code === "root-gone") return rootGoneQuestion;
    throw error;
  }
  if (known === undefined) trees.meta.setAccount(options.user);
  return undefined;
}

function otherAccount(): HaltError {
  return new HaltError("other-account", "This folder is synced with another account. Use another folder, or sign in to that account.");
}
