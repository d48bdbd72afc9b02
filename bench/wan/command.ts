/** Programs of others, run to their end or as long as a session. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Meter } from "./meter.ts";

export type Environment = Readonly<Record<string, string>>;

export function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Rejects unless it ends with 0, and with what it said. */
export async function runCommand(
  program: string,
  args: readonly string[],
  { env, meter, signal }: { env: Environment; meter: Meter; signal: AbortSignal },
): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  if (child.pid !== undefined) meter.watchCommand(child.pid);
  await once(child, "close");
  signal.removeEventListener("abort", kill);
  signal.throwIfAborted();
  if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode}: ${said}`);
}

/** Something that serves on a port, until it is disposed of. Resolves when it accepts connections. */
export async function startService(
  program: string,
  args: readonly string[],
  { env, port }: { env: Environment; port: number },
): Promise<AsyncDisposable & { readonly pid: number }> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`);
    await sleep(20);
  }
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).then((is) => {
    socket.destroy();
    return is === true;
  });
}

/** Free at this moment, for programs that want a port by number. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
