/** How one process asks another, the one that syncs a folder, for something: by touching a file that it watches. */
import { mkdirSync, watch } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const requests = ["refresh", "reconcile", "reconcile-all"] as const;
export type ControlRequest = (typeof requests)[number];

/** `path`: of the file for `refresh`; the others lie beside it. */
export async function touchControl(path: string, now: number, request: ControlRequest = "refresh"): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(fileOf(path, request), `${now}\n`, { mode: 0o600 });
}

/** Calls back for every touch; one touch may call twice. `failed` is told when no touch can be seen any more. */
export function watchControl(path: string, touched: (request: ControlRequest) => void, failed: (error: Error) => void): Disposable {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The folder, not the file: it need not exist yet.
  const watcher = watch(dirname(path), (_event, name) => {
    const request = requests.find((known) => basename(fileOf(path, known)) === name);
    if (request !== undefined) touched(request);
  });
  watcher.on("error", failed);
  return { [Symbol.dispose]: () => watcher.close() };
}

function fileOf(path: string, request: ControlRequest): string {
  return request === "refresh" ? path : join(dirname(path), request);
}
