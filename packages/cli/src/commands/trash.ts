import { createHistoryEdge } from "@ashlar/client/edge/history";
import { openConnection } from "@ashlar/client/node/connection";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { bytesText, timeText } from "../quantity.ts";
import { accountFor } from "../signed-in.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

export async function trash(dir: string | undefined, options: { readonly json?: true }, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const home = await world.openHome();
  await using connection = openConnection(home, await accountFor(home, dir, world.cwd));
  const history = createHistoryEdge(connection.call);
  let isEmpty = true;
  for (let before: number | null = null; ;) {
    const page = await history.trash(before);
    for (const { path, deletedPath, kind, size, node, deletedAt, device, deviceName } of page.items) {
      isEmpty = false;
      terminal.emit({ type: "deleted", path, deletedPath, kind, size, node, deletedAtMs: deletedAt, device, deviceName });
      const what = kind === "folder" ? "folder" : bytesText(size);
      const was = path === deletedPath ? "" : terminal.paint.dim(` (was ${printable(deletedPath)})`);
      const by = terminal.paint.dim(` by ${printable(deviceName ?? "a former device")}`);
      terminal.say(`${timeText(deletedAt ?? 0)}  ${what.padStart(8)}  ${printable(path)}${was}${by}`);
    }
    if (page.next === null) break;
    before = page.next;
  }
  if (isEmpty) terminal.say("Nothing was deleted in the last 30 days.");
  return exitCodes.done;
}
