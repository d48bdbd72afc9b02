/** Sees to it that workerd ends with the server, even one that was killed and could clean up nothing. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Starts a shell that waits for the end of a pipe which only this process holds open, and then kills workerd. Without
 * it a workerd whose server was killed would go on holding the port and the state. Linux only: elsewhere there is no
 * way to learn workerd's process id, and the orphan has to be ended by hand.
 */
export function guardAgainstOrphans(): Disposable {
  const pids = workerdPids();
  if (pids.length === 0) return { [Symbol.dispose]: () => {} };
  // In a session of its own, so that a Ctrl-C or a kill meant for the server's group does not end the guard first.
  const guard = spawn("sh", ["-c", 'read -r _; kill -9 "$@" 2>/dev/null', "sh", ...pids], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  return { [Symbol.dispose]: () => void guard.kill("SIGKILL") };
}

function workerdPids(): string[] {
  if (process.platform !== "linux") return [];
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ");
  return children.filter((pid) => pid !== "" && readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "workerd");
}
