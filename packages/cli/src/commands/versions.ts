import { createHistoryEdge } from "@ashlar/client/edge/history";
import { openConnection } from "@ashlar/client/node/connection";
import { exitCodes, FailedError, type ExitCode } from "../exit-code.ts";
import { bytesText, timeText } from "../quantity.ts";
import { findMeant, meantPath } from "../synced-path.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

export async function versions(path: string, options: { readonly json?: true }, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const home = await world.openHome();
  const meant = await meantPath(home, path, world.cwd);
  await using connection = openConnection(home, meant.account);
  const history = createHistoryEdge(connection.call);
  const found = await findMeant(history, meant);
  const node = found.chain.at(-1);
  if (node === undefined || node.kind === "folder")
    throw new FailedError(
      `${printable(found.path || "That")} is a folder: files have versions. \`ashlar log --path PATH\` shows what happened in it.`,
    );

  terminal.say(terminal.paint.bold(printable(found.path)));
  if (node.deletedAt !== null) terminal.say(`  deleted ${timeText(node.deletedAt)}: \`ashlar restore\` with this path brings it back`);
  for (let before: number | null = null; ;) {
    const page = await history.versions(node.node, before);
    for (const { version, size, mtimeMs, createdAt, supersededAt, device, deviceName } of page.versions) {
      const current = version === node.version && node.deletedAt === null;
      const when = { mtimeMs, createdAtMs: createdAt, supersededAtMs: supersededAt };
      terminal.emit({ type: "version", path: found.path, node: node.node, version, size, ...when, device, deviceName, current });
      const by = terminal.paint.dim(` by ${printable(deviceName ?? "a former device")}`);
      const note = current ? terminal.paint.green("  (now)") : "";
      terminal.say(`  ${String(version).padStart(5)}  ${timeText(createdAt)}  ${bytesText(size).padStart(8)}${by}${note}`);
    }
    if (page.next === null) return exitCodes.done;
    before = page.next;
  }
}
