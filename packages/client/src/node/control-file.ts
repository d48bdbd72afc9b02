/** How one process asks the one that syncs a folder to look at once: by touching a file that it watches. */
import { mkdirSync, watch } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";

export async function touchControl(path: string, now: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, `${now}\n`, { mode: 0o600 });
}

/** Calls back for every touch; one touch may call twice. `failed` is told when no touch can be seen any more. */
export function watchControl(path: string, touched: () => void, failed: (error: Error) => void): Disposable {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The folder, not the file: it need not exist yet.
  const watcher = watch(dirname(path), (_event, name) => {
    if (name === basename(path)) touched();
  });
  watcher.on("error", failed);
  return { [Symbol.dispose]: () => watcher.close() };
}
