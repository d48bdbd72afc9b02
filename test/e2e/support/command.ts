/** The real command as a process of its own, with a home of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../../packages/cli/bin/ashlar.mjs", import.meta.url));

export type RunOptions = {
  readonly home: string;
  readonly input?: string;
  readonly cwd?: string;
  /** Told all of stdout so far, whenever there is more. */
  readonly watch?: (stdout: string) => void;
};

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function start(args: readonly string[], { home, input, cwd }: RunOptions): ChildProcess {
  const env = { ...process.env, ASHLAR_HOME: home, NO_COLOR: "1" };
  const child = spawn(process.execPath, [bin, ...args], { env, cwd, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin?.on("error", () => {
    // It ended without reading its input: what it said tells why.
  });
  child.stdin?.end(input ?? "");
  return child;
}

/** Runs one command to its end. */
export async function run(args: readonly string[], options: RunOptions): Promise<Ended> {
  const child = start(args, options);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.watch?.(stdout);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

export type Event = { readonly type: string; readonly [more: string]: unknown };

/** The lines of `--json`. Fails on a line that is not an object with a type. */
export function jsonLines(stdout: string): Event[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(parseEvent);
}

function parseEvent(line: string): Event {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string")
    throw new TypeError(`not an event: ${line}`);
  return { ...value, type: value.type };
}

/** A `sync --json` under way. */
export type Running = AsyncDisposable & {
  readonly pid: number;
  /** All events so far. */
  readonly events: readonly Event[];
  stderr(): string;
  /** Undefined while it runs. */
  exitCode(): number | null | undefined;
  kill(signal: "SIGKILL" | "SIGINT" | "SIGTERM"): void;
  /** Resolves with the exit code when it has ended; null after a kill. */
  readonly ended: Promise<number | null>;
  /** Tells about each event as it comes. */
  listen(listener: ((event: Event) => void) | undefined): void;
};

export function startSync(folder: string, options: RunOptions & { readonly args?: readonly string[] }): Running {
  const child = start(["sync", folder, "--json", ...(options.args ?? [])], options);
  const events: Event[] = [];
  let stderr = "";
  let ended: number | null | undefined;
  let listener: ((event: Event) => void) | undefined;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (child.stdout !== null)
    createInterface(child.stdout).on("line", (line) => {
      // The last line of a killed process may be cut short.
      if (child.killed && !line.endsWith("}")) return;
      const event = parseEvent(line);
      events.push(event);
      listener?.(event);
    });
  const end = once(child, "close").then(() => (ended = child.exitCode));
  return {
    pid: child.pid ?? 0,
    events,
    stderr: () => stderr,
    exitCode: () => ended,
    kill: (signal) => void child.kill(signal),
    ended: end,
    listen: (next) => void (listener = next),
    async [Symbol.asyncDispose]() {
      if (ended === undefined) child.kill("SIGTERM");
      await end;
    },
  };
}
