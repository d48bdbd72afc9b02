/** CPU time of processes, user and system, in seconds, from Linux's /proc; elsewhere 0. */
import { descendants, read } from "./memory.ts";

/** The kernel tells times in these, whatever its own clock does. */
const ticksPerSecond = 100;

/** Of the process and all below it so far, those that have ended among them. */
export function cpuSeconds(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, one) => sum + fields(one).own + fields(one).ended, 0);
}

/** Of all of this process's children that have ended. */
export function cpuSecondsOfEnded(): number {
  return fields(process.pid).ended;
}

/** proc(5): utime, stime, cutime and cstime are the fields 14 to 17; the second, the name, may hold blanks. */
function fields(pid: number): { own: number; ended: number } {
  const text = read(`/proc/${pid}/stat`);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  return { own: (user + system) / ticksPerSecond, ended: (endedUser + endedSystem) / ticksPerSecond };
}
