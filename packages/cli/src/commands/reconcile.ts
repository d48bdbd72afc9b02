import { touchControl } from "@ashlar/client/node/control-file";
import { folderHolder } from "@ashlar/client/node/folder-lock";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { knownFolders } from "../known-folders.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";
import { sync } from "./sync.ts";

export type ReconcileOptions = { readonly deep?: true; readonly json?: true };

/** Asks the process that syncs the folder, or does it here when there is none. */
export async function reconcile(dir: string | undefined, options: ReconcileOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const home = await world.openHome();
  let code: ExitCode = exitCodes.done;
  for (const folder of await knownFolders(home, dir, world.cwd)) {
    const paths = home.paths(folder);
    if ((await folderHolder(paths)) === undefined) {
      const json = options.json === true ? ({ json: true } as const) : {};
      const ended = await sync(folder.path, { once: true, ...json, reconcile: options.deep === true ? "all" : "sample" }, world);
      if (ended !== exitCodes.done) code = ended;
      continue;
    }
    await touchControl(paths.control, world.now(), options.deep === true ? "reconcile-all" : "reconcile");
    terminal.emit({ type: "asked", folder: folder.path });
    terminal.say(`Asked the process that syncs ${printable(folder.path)} to compare everything; it says what it finds.`);
  }
  return code;
}
