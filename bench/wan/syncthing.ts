/** Syncthing: two devices that listen, and one connection between them, over the link. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { openLink } from "../link/link.ts";
import { startSyncthing, type Syncthing } from "../syncthing.ts";
import { freePort } from "./command.ts";
import type { Contender, Session } from "./session.ts";
import { secondsUntil } from "./until.ts";

/** How long a folder is quiet before it is looked at: the shortest that it can be told. */
const watcherDelayS = 1;
const folderId = "race";
const connectMsMax = 60_000;

const statusSchema = z.object({ myID: z.string() });
const connectionsSchema = z.object({ connections: z.record(z.string(), z.object({ connected: z.boolean() })) });
const folderSchema = z.object({ state: z.string(), needTotalItems: z.number() });

export const syncthing: Contender = {
  name: "Syncthing",
  needs: { program: "syncthing", from: "apt install syncthing" },
  way: `two devices that listen, directly; its watcher waits for ${watcherDelayS} s, 10 if nobody sets it`,
  async open(directory, lanes) {
    await using stack = new AsyncDisposableStack();
    const [folderA, folderB] = [join(directory, "a"), join(directory, "b")];
    for (const folder of [folderA, folderB]) await mkdir(folder, { recursive: true });
    const [listenA, listenB] = [await freePort(), await freePort()];
    const a = stack.use(await startSyncthing(join(directory, "home-a"), await freePort()));
    const b = stack.use(await startSyncthing(join(directory, "home-b"), await freePort()));
    const link = stack.use(await openLink({ port: listenB, ...lanes }));
    const [idA, idB] = [await idOf(a), await idOf(b)];
    await share(b, { listen: listenB, folder: folderB, other: idA, address: "tcp://127.0.0.1:1" });
    await share(a, { listen: listenA, folder: folderA, other: idB, address: `tcp://127.0.0.1:${link.port}` });
    const patience = AbortSignal.timeout(connectMsMax);
    await secondsUntil(0, () => isConnected(a, idB), patience);
    await secondsUntil(0, async () => (await isAtRest(a)) && (await isAtRest(b)), patience);
    const owned = stack.move();
    return {
      a: folderA,
      b: folderB,
      throughServer: false,
      live: true,
      processes: new Map([
        ["A", a.pid],
        ["B", b.pid],
      ]),
      bytes: () => ({ up: link.counts(), down: link.counts() }),
      async carry({ make, arrived }, _meter, signal) {
        const startedMs = performance.now();
        await make();
        const seconds = await secondsUntil(startedMs, () => arrived(folderB), signal);
        await secondsUntil(startedMs, async () => (await isAtRest(a)) && (await isAtRest(b)), signal);
        return { upSeconds: seconds, seconds };
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    } satisfies Session;
  },
};

async function idOf({ ask }: Syncthing): Promise<string> {
  return statusSchema.parse(await ask("GET", "system/status")).myID;
}

async function share(
  { ask }: Syncthing,
  { listen, folder, other, address }: { listen: number; folder: string; other: string; address: string },
): Promise<void> {
  await ask("PATCH", "config/options", { listenAddresses: [`tcp://127.0.0.1:${listen}`], reconnectionIntervalS: 1 });
  await ask("POST", "config/devices", { deviceID: other, addresses: [address] });
  await ask("POST", "config/folders", {
    id: folderId,
    path: folder,
    type: "sendreceive",
    fsWatcherEnabled: true,
    fsWatcherDelayS: watcherDelayS,
    devices: [{ deviceID: other }],
  });
}

async function isConnected({ ask }: Syncthing, other: string): Promise<boolean> {
  return connectionsSchema.parse(await ask("GET", "system/connections")).connections[other]?.connected === true;
}

async function isAtRest({ ask }: Syncthing): Promise<boolean> {
  const { state, needTotalItems } = folderSchema.parse(await ask("GET", `db/status?folder=${folderId}`));
  return state === "idle" && needTotalItems === 0;
}
