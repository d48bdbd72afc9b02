import { constants, renameSync, unlinkSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DiskError } from "../ports.ts";
import type { Bench } from "./draft.ts";
import { attemptAsync } from "./errno.ts";
import { ownFolder, type Root } from "./root.ts";

const fileName = "root";
const path = `${ownFolder}/${fileName}`;

/** The text of `.ashlar/root`; undefined when it is not there. */
export async function readMarker(root: Root): Promise<string | undefined> {
  try {
    return await attemptAsync(path, () =>
      readFile(root.guardOwn(fileName), { encoding: "utf8", flag: constants.O_RDONLY | constants.O_NOFOLLOW }),
    );
  } catch (error) {
    if (error instanceof DiskError && error.code === "absent") return undefined;
    throw error;
  }
}

/** Replaces `.ashlar/root` as a whole: a half-written marker would stop the sync for good. */
export async function writeMarker({ root, temporaries, flushes }: Bench, text: string): Promise<void> {
  const temporary = temporaries.acquire();
  try {
    await attemptAsync(path, async () => {
      await using handle = await open(temporary, "wx", 0o644);
      try {
        await handle.writeFile(text);
        await handle.sync();
        renameSync(temporary, root.guardOwn(fileName));
      } catch (error) {
        unlinkSync(temporary);
        throw error;
      }
      await flushes.flush(dirname(root.guardOwn(fileName)));
    });
  } finally {
    temporaries.release();
  }
}
