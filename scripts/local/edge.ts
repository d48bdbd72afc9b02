/** The local edge as a process of its own, for tests that stop it, kill it, and look at it from outside. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root as repository } from "./root.ts";

export type EdgeOptions = {
  /** Folder of the server's state; the same folder again is the same edge again. */
  readonly state: string;
  /** Left out or 0: a free one. */
  readonly port?: number;
  /** Another tree of Workers than the repository. */
  readonly root?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type Edge = AsyncDisposable & {
  readonly url: string;
  /** The leader of the process group that the server and its workerd are in. */
  readonly pid: number;
  /** What the server has printed so far. */
  output(): string;
  /** Asks it to stop, and resolves when it has; rejects when it did not stop well. Disposing of the edge does the same. */
  stop(): Promise<void>;
  /** Kills the server and its workerd on the spot, as a power cut would, and resolves when they are gone. */
  kill(): Promise<void>;
};

/** Starts `npm start`'s server, and resolves when it says that it is ready. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const child = spawn(process.execPath, [join(repository, "scripts/serve.ts"), "--root", options.root ?? repository], {
    env: { ...process.env, ...options.env, PORT: String(options.port ?? 0), ASHLAR_STATE: options.state },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that `kill` also reaches workerd.
    detached: true,
  });
  const lines: string[] = [];
  const ended = once(child, "exit");
  const url = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on("line", (line) => {
        lines.push(line);
        const ready = /^ready on (\S+)/.exec(line)?.[1];
        if (ready !== undefined) resolve(ready);
      });
    child.once("close", (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${lines.join("\n")}`)));
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    if (child.exitCode !== 0 && child.signalCode !== "SIGKILL")
      throw new Error(`the server stopped with ${child.exitCode}:\n${lines.join("\n")}`);
  };
  return {
    url,
    pid: pidOf(child),
    output: () => lines.join("\n"),
    stop,
    kill: async () => {
      killGroup(pidOf(child));
      await ended;
    },
    [Symbol.asyncDispose]: stop,
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the server has no process");
  return child.pid;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // Gone already.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
