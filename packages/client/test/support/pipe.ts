import { execFileSync } from "node:child_process";

/** A FIFO, which Node cannot make by itself. */
export function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
}
