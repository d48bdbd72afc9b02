/** What the command takes from the process it runs in, in one place, so that tests hand in another. */
import { homedir, hostname } from "node:os";
import { homePath } from "@ashlar/client/node/home-path";
import { openHome, type Home } from "@ashlar/client/node/home";
import { openPrompt, type Prompt } from "./prompt.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

export type World = {
  readonly prompt: Prompt;
  readonly hostname: string;
  readonly cwd: string;
  /** Where state is kept without ASHLAR_HOME. */
  readonly defaultHome: string;
  now(): number;
  openHome(): Promise<Home>;
  openTerminal(options: { json: boolean }): Terminal;
  /** Aborts at the first request to stop; the second one ends the process at once. */
  stopSignal(): AbortSignal;
};

export function processWorld(): World {
  const { env, platform } = process;
  const surroundings = { env, platform, userHome: homedir(), cwd: process.cwd() };
  return {
    prompt: openPrompt(process.stdin, process.stderr),
    hostname: hostname(),
    cwd: process.cwd(),
    defaultHome: homePath({ ...surroundings, env: { ...env, ASHLAR_HOME: undefined } }),
    now: () => Date.now(),
    openHome: () => openHome(homePath(surroundings)),
    openTerminal: ({ json }) => openTerminal({ stdout: process.stdout, stderr: process.stderr, env, json }),
    stopSignal,
  };
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(code);
      controller.abort(new Error(`stopped by ${signal}`));
    });
  }
  return controller.signal;
}

/** 128 and the number of SIGPIPE, which Node ignores: what shells show for a program whose reader is gone. */
const readerGone = 141;

/** Ends the process, without a word, when nobody reads the stream any more: `ashlar log | head`. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on("error", (error) => {
    if (!("code" in error) || error.code !== "EPIPE") throw error;
    process.exit(readerGone);
  });
}
