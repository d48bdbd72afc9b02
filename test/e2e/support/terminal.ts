/** A shell line on a terminal of its own, as a person types it: by util-linux's `script`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./eventually.ts";

export type OnTerminal = AsyncDisposable & {
  /** All that was shown so far. */
  shown(): string;
  /** Waits until this is shown, after whatever was waited for before. */
  expectShown(text: string): Promise<void>;
  type(line: string): void;
  readonly ended: Promise<number | null>;
};

const patienceMs = 10_000;

export function onTerminal(line: string, options: { cwd: string; env: Readonly<Record<string, string | undefined>> }): OnTerminal {
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
    ...options,
    // A group of its own: what the line started ends with it.
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const ended = once(child, "close").then(() => child.exitCode);
  return {
    shown: () => shown,
    async expectShown(text) {
      await eventually(() =>
        shown.includes(text, seen) ? undefined : `${JSON.stringify(text)} is shown by "${line}": ${shown.slice(seen)}`,
      );
      seen = shown.indexOf(text, seen) + text.length;
    },
    type: (text) => void child.stdin.write(`${text}\n`),
    ended,
    async [Symbol.asyncDispose]() {
      // Ctrl-C, as a person would, and the shell's end. A line that listens to neither loses its terminal.
      child.stdin.write("\u0003");
      child.stdin.write("exit\n");
      const patience = setTimeout(() => child.kill("SIGKILL"), patienceMs);
      await ended;
      clearTimeout(patience);
    },
  };
}
