/** Questions to a person on a terminal, and the one line a script hands in. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { FailedError } from "./exit-code.ts";

export type Prompt = {
  /** Whether there is a person to ask. */
  readonly interactive: boolean;
  ask(question: string, preset?: string): Promise<string>;
  /** What is typed is not shown. */
  askSecret(question: string): Promise<string>;
  /** The first line of stdin; undefined when it is empty. */
  readLine(): Promise<string | undefined>;
};

export function openPrompt(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream): Prompt {
  const question = async (text: string, shown: boolean): Promise<string> => {
    const lines = createInterface({ input: stdin, output: shown ? stderr : nowhere(), terminal: true });
    // A secret's answer goes to an output that shows nothing, so the question is written beside it, once nothing typed is shown.
    if (!shown) stderr.write(text);
    // Ctrl-C at a question ends the command, as everywhere, and so does Ctrl-D or a terminal that is gone.
    const ended = new AbortController();
    const end = () => ended.abort();
    lines.once("SIGINT", end);
    lines.once("close", end);
    try {
      return await lines.question(shown ? text : "", { signal: ended.signal });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AbortError") throw error;
      throw new FailedError("Stopped at a question: nothing was changed.", { cause: error });
    } finally {
      lines.close();
      if (!shown) stderr.write("\n");
    }
  };
  return {
    interactive: stdin.isTTY && stderr.isTTY,
    async ask(text, preset) {
      const answer = (await question(preset === undefined ? `${text}: ` : `${text} [${preset}]: `, true)).trim();
      return answer === "" && preset !== undefined ? preset : answer;
    },
    askSecret: (text) => question(`${text}: `, false),
    async readLine() {
      const lines = createInterface({ input: stdin, terminal: false });
      try {
        for await (const line of lines) return line === "" ? undefined : line;
        return undefined;
      } finally {
        lines.close();
      }
    },
  };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
