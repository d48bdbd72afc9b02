/** The real command under strace, with a fault at one of its system calls, or with none and its calls counted. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { calls, keyOf, type Fault, type Thread } from "./fault.ts";

const bin = fileURLToPath(new URL("../../../packages/cli/bin/ashlar.mjs", import.meta.url));
const attach = fileURLToPath(new URL("./attach.ts", import.meta.url));

export type Struck = {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly output: string;
  /** The fault was met: a run that makes fewer calls than the one before is over sooner. */
  readonly isHit: boolean;
};

type Options = { readonly folder: string; readonly home: string; readonly log: string };

/** Throws, with what to do, where there is no strace that can do this. */
export function requireStrace(): void {
  const { status, stderr, error } = spawnSync("strace", ["-o", "/dev/null", "-e", "inject=uname:error=EIO:when=1", "true"], {
    encoding: "utf8",
  });
  if (error !== undefined) throw new Error("The sweep needs strace: on Debian and Ubuntu `apt-get install strace`.", { cause: error });
  if (status !== 0) throw new Error(`strace cannot be used here: ${stderr}`);
}

export async function strike(fault: Fault, options: Options): Promise<Struck> {
  const blow = fault.blow === "KILL" ? "signal=KILL" : `error=${fault.blow}`;
  const { code, output, trace } = await runTraced(
    fault.thread,
    ["-e", `trace=${fault.call}`, "-e", `inject=${fault.call}:${blow}:when=${fault.n}`],
    options,
  );
  return { code, output, isHit: fault.blow === "KILL" ? code === null : trace.includes("(INJECTED)") };
}

/** How often each thread makes each call, by `keyOf`. */
export async function countCalls(thread: Thread, options: Options): Promise<Map<string, number>> {
  const { code, output, trace } = await runTraced(thread, ["-e", `trace=${calls.join(",")}`], options);
  if (code !== 0) throw new Error(`the run without faults ended with ${code}:\n${output}`);
  const counts = new Map<string, number>();
  for (const [, call = ""] of trace.matchAll(/^(?:\d+ +)?(\w+)\(/gm)) {
    const key = keyOf({ thread, call });
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** `sync --once` with those arguments to strace; its own log is `trace`. */
export async function runTraced(
  thread: Thread,
  more: readonly string[],
  { folder, home, log }: Options,
): Promise<{ readonly code: number | null; readonly output: string; readonly trace: string }> {
  await rm(log, { force: true });
  const tracing = ["-o", log, ...more];
  const command = [bin, "sync", folder, "--once", "--json", "--allow-mass-delete", "--timeout", "30"];
  const env = { ...process.env, ASHLAR_HOME: home, NO_COLOR: "1", UV_THREADPOOL_SIZE: "1" };
  const child =
    thread === "main"
      ? spawn("strace", [...tracing, process.execPath, ...command], { env, stdio: ["ignore", "pipe", "pipe"] })
      : spawn(process.execPath, ["--import", attach, ...command], {
          env: { ...env, SWEEP_STRACE: tracing.join("\n") },
          stdio: ["ignore", "pipe", "pipe"],
        });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(child, "close");
  const trace = await readFile(log, "utf8").catch(() => "");
  return { code: child.exitCode, output, trace };
}
