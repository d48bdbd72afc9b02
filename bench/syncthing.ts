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

export type Syncthing = AsyncDisposable & {
  readonly pid: number;
  /** Its REST interface, below `/rest/`; the answer's JSON. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<unknown>;
};

/** Alone: it looks for nobody. The home is made anew. */
export async function startSyncthing(home: string, guiPort: number): Promise<Syncthing> {
  execFileSync("syncthing", ["generate", `--home=${home}`, "--no-default-folder", "--skip-port-probing"], { stdio: "ignore" });
  const key = /<apikey>([^<]+)<\/apikey>/.exec(readFileSync(join(home, "config.xml"), "utf8"))?.[1] ?? "";
  const child = spawn(
    "syncthing",
    ["serve", `--home=${home}`, `--gui-address=127.0.0.1:${guiPort}`, "--no-browser", "--no-restart", "--no-upgrade"],
    {
      stdio: "ignore",
      env: { ...process.env, STNODEFAULTFOLDER: "1", STNOUPGRADE: "1" },
    },
  );
  const ended = once(child, "exit");
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${guiPort}/rest/${path}`, {
      method,
      headers: { "x-api-key": key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`syncthing answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    const text = await answer.text();
    return text === "" ? undefined : JSON.parse(text);
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`syncthing ended with ${child.exitCode}`);
    return (await ask("GET", "system/ping").catch(() => undefined)) !== undefined;
  });
  await ask("PATCH", "config/options", {
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    urAccepted: -1,
    crashReportingEnabled: false,
  });
  return {
    pid: child.pid ?? 0,
    ask,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** `files`: so many are in `folder`. The home is made anew. */
export async function measureSyncthing(home: string, folder: string, files: number, idleSeconds: number): Promise<Peer> {
  await using syncthing = await startSyncthing(home, port);
  const { ask, pid } = syncthing;
  const isDone = async () => isIdleWith(await ask("GET", "db/status?folder=bench").catch(() => undefined), files);
  const startedMs = performance.now();
  await ask("POST", "config/folders", { id: "bench", path: folder, type: "sendreceive", fsWatcherEnabled: true });
  await until(isDone);
  const firstScanSeconds = (performance.now() - startedMs) / 1000;
  const againMs = performance.now();
  await ask("POST", "db/scan?folder=bench");
  const rescanSeconds = (performance.now() - againMs) / 1000;
  return { firstScanSeconds, rescanSeconds, idle: await measureIdle(pid, idleSeconds) };
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(pollMs);
}

function isIdleWith(status: unknown, files: number): boolean {
  if (typeof status !== "object" || status === null || !("state" in status) || !("localFiles" in status)) return false;
  return status.state === "idle" && Number(status.localFiles) >= files;
}
