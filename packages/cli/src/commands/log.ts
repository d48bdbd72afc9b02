import { listDevices } from "@ashlar/client/edge/account";
import { openConnection } from "@ashlar/client/node/connection";
import type { Edge } from "@ashlar/client/ports";
import { rootId, type Epoch } from "@ashlar/shared/ids";
import type { Change } from "@ashlar/shared/protocol/change";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { bytesText, timeText } from "../quantity.ts";
import { accountFor } from "../signed-in.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

export type LogOptions = { readonly since: number; readonly json?: true };

export async function log(dir: string | undefined, { since, json }: LogOptions, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: json === true });
  const home = await world.openHome();
  await using connection = openConnection(home, await accountFor(home, dir, world.cwd));
  const names = new Map((await listDevices(connection.call)).map(({ id, name }) => [id, name]));
  for await (const change of changesAfter(connection.edge, since)) {
    const { seq, at, type, path, kind, size, version, node, device } = change;
    const deviceName = names.get(device);
    terminal.emit({ type: "change", seq, atMs: at, change: type, path, kind, size, version, node, device, deviceName: deviceName ?? null });
    const content = kind === "folder" || type === "delete" ? "" : terminal.paint.dim(` ${bytesText(size)}`);
    const by = terminal.paint.dim(` by ${printable(deviceName ?? "a former device")}`);
    terminal.say(`${String(seq).padStart(6)}  ${timeText(at)}  ${type.padEnd(6)}  ${printable(path)}${content}${by}`);
  }
  return exitCodes.done;
}

/** Page after page, until the journal's head as it was at the first one. */
async function* changesAfter(edge: Edge, since: number): AsyncGenerator<Change> {
  let cursor = since;
  // A number means something in its epoch only; the beginning needs none.
  let epoch: Epoch | null = since === 0 ? null : (await edge.tree(rootId, null)).epoch;
  let head: number | undefined;
  for (;;) {
    const page = await edge.changes(cursor, epoch);
    epoch = page.epoch;
    head ??= page.head;
    yield* page.changes;
    const last = page.changes.at(-1)?.seq;
    if (last === undefined || last >= head) return;
    cursor = last;
  }
}
