/** Syncthing on the same tree, alone: what it scans and costs, where it is installed. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { measureIdle, type Idle } from "./idle.ts";

export type Peer = { readonly firstScanSeconds: number; readonly rescanSeconds: number; readonly idle: Idle };

const port = 18_384;
const pollMs = 50;

export function hasSyncthing(): boolean {
  try {
    execFileSync("syncthing", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** `files`: so many are in `folder`. The home is made anew. */
export async function measureSyncthing(home: string, folder: string, files: number, idleSeconds: number): Promise<Peer> {
  execFileSync("syncthing", ["generate", `--home=${home}`, "--no-default-folder", "--skip-port-probing"], { stdio: "ignore" });
  const key = /<apikey>([^<]+)<\/apikey>/.exec(readFileSync(join(home, "config.xml"), "utf8"))?.[1] ?? "";
  const child = spawn(
    "syncthing",
    ["serve", `--home=${home}`, `--gui-address=127.0.0.1:${port}`, "--no-browser", "--no-restart", "--no-upgrade"],
    {
      stdio: "ignore",
      env: { ...process.env, STNODEFAULTFOLDER: "1", STNOUPGRADE: "1" },
    },
  );
  const ended = once(child, "exit");
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${port}/rest/${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`syncthing answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    const text = await answer.text();
    return text === "" ? undefined : JSON.parse(text);
  };
  try {
    await until(async () => (await ask("GET", "system/ping")) !== undefined);
    // Alone: nobody is looked for.
    await ask("PATCH", "config/options", {
      globalAnnounceEnabled: false,
      localAnnounceEnabled: false,
      relaysEnabled: false,
      natEnabled: false,
      urAccepted: -1,
      crashReportingEnabled: false,
    });
    const startedMs = performance.now();
    await ask("POST", "config/folders", { id: "bench", path: folder, type: "sendreceive", fsWatcherEnabled: true });
    await until(async () => isIdleWith(await ask("GET", "db/status?folder=bench"), files));
    const firstScanSeconds = (performance.now() - startedMs) / 1000;
    const againMs = performance.now();
    await ask("POST", "db/scan?folder=bench");
    const rescanSeconds = (performance.now() - againMs) / 1000;
    return { firstScanSeconds, rescanSeconds, idle: await measureIdle(child.pid ?? 0, idleSeconds) };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await sleep(pollMs);
}

function isIdleWith(status: unknown, files: number): boolean {
  if (typeof status !== "object" || status === null || !("state" in status) || !("localFiles" in status)) return false;
  return status.state === "idle" && Number(status.localFiles) >= files;
}
