import { touchControl } from "@ashlar/client/node/control-file";
import { folderHolder } from "@ashlar/client/node/folder-lock";
import { exitCodes, FailedError, type ExitCode } from "../exit-code.ts";
import { knownFolders } from "../known-folders.ts";
import type { World } from "../world.ts";

export async function refresh(dir: string | undefined, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: false });
  const home = await world.openHome();
  const folders = await knownFolders(home, dir, world.cwd);
  const asleep: string[] = [];
  for (const folder of folders) {
    const paths = home.paths(folder);
    if ((await folderHolder(paths)) === undefined) {
      asleep.push(folder.path);
      continue;
    }
    await touchControl(paths.control, world.now());
    terminal.say(`Asked for a look at ${folder.path}.`);
  }
  if (asleep.length > 0)
    throw new FailedError(asleep.map((path) => `Nothing syncs ${path} now: start it with \`ashlar sync ${path}\`.`).join("\n"));
  return exitCodes.done;
}
