/** Stand-ins for the process around a command. */
import type { Home } from "@ashlar/client/node/home";
import { openHome } from "@ashlar/client/node/home";
import { openTerminal } from "../src/terminal.ts";
import type { World } from "../src/world.ts";

export type Captured = { text: string; isTTY: boolean; columns: number; write(text: string): void };

export function capture(isTTY = false): Captured {
  return {
    text: "",
    isTTY,
    columns: 80,
    write(text) {
      this.text += text;
    },
  };
}

export type TestWorld = World & { readonly stdout: Captured; readonly stderr: Captured; readonly home: Home };

/** Answers are given in order; asking for one more fails the test. */
export async function worldIn(directory: string, more: { answers?: string[]; line?: string } = {}): Promise<TestWorld> {
  const stdout = capture();
  const stderr = capture();
  const home = await openHome(directory);
  const answers = [...(more.answers ?? [])];
  const next = async (question: string) => {
    stderr.write(`${question}?`);
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`not expected to be asked: ${question}`);
    return answer;
  };
  return {
    stdout,
    stderr,
    home,
    hostname: "testbox",
    cwd: directory,
    defaultHome: "/home/ada/.local/state/ashlar",
    now: () => 1_700_000_000_000,
    prompt: { interactive: more.answers !== undefined, ask: next, askSecret: next, readLine: async () => more.line },
    openHome: async () => home,
    openTerminal: ({ json }) => openTerminal({ stdout, stderr, env: {}, json }),
    stopSignal: () => new AbortController().signal,
  };
}
