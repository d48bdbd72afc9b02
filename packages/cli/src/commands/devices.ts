import * as account from "@ashlar/client/edge/account";
import { openConnection } from "@ashlar/client/node/connection";
import { deviceIdSchema } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { exitCodes, FailedError, UsageError, type ExitCode } from "../exit-code.ts";
import { timeText } from "../quantity.ts";
import { currentAccount } from "../signed-in.ts";
import { printable } from "../terminal.ts";
import type { World } from "../world.ts";

export async function devices(options: { readonly json?: true }, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: options.json === true });
  const home = await world.openHome();
  await using connection = openConnection(home, await currentAccount(home));
  for (const device of await account.listDevices(connection.call)) {
    const { id, name, createdAt, lastSeenAt, current } = device;
    terminal.emit({ type: "device", id, name, createdAtMs: createdAt, lastSeenAtMs: lastSeenAt, current });
    const note = current ? terminal.paint.green(" (this one)") : "";
    terminal.say(`${id}  signed in or renewed ${timeText(lastSeenAt)}  ${terminal.paint.bold(printable(name))}${note}`);
  }
  return exitCodes.done;
}

export async function revokeDevice(text: string, world: World): Promise<ExitCode> {
  const terminal = world.openTerminal({ json: false });
  const id = deviceIdSchema.safeParse(text);
  if (!id.success) throw new UsageError(`"${printable(text)}" is not a device: \`ashlar devices\` lists them.`);
  const home = await world.openHome();
  await using connection = openConnection(home, await currentAccount(home));
  try {
    await account.revokeDevice(connection.call, id.data);
  } catch (error) {
    if (error instanceof ProblemError && error.code === "not-found")
      throw new FailedError(`There is no device ${id.data} (any more): \`ashlar devices\` lists them.`, { cause: error });
    throw error;
  }
  terminal.say(`Device ${id.data} is signed out. Its files stay on its disk.`);
  return exitCodes.done;
}
