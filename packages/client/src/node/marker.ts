import { constants, renameSync, unlinkSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DiskError } from "../ports.ts";
import type { Bench } from "./draft.ts";
import { attemptAsync } from "./errno.ts";
import { ownFolder, Root } from "./root.ts";

const fileName = "root";
const path = `${ownFolder}/${fileName}`;

/** The text of `.ashlar/root`; undefined when it is not there. A folder that bears it is taken for the synced one, whichever it was. */
export async function readMarker(root: Root): Promise<string | undefined> {
  const there = new Root(root.absolute);
  try {
    const text = await attemptAsync(path, () =>
      readFile(there.guardOwn(fileName), { encoding: "utf8", flag: constants.O_RDONLY | constants.O_NOFOLLOW }),
    );
    root.pin();
    return text;
  } catch (error) {
    if (error instanceof DiskError && error.code === "absent") return undefined;
    throw error;
  }
}

/** Replaces `.ashlar/root` as a whole: a half-written marker would stop the sync for good. */
export async function writeMarker({ root, temporaries, flushes }: Bench, text: string): Promise<void> {
  root.pin();
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
