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
    // A secret's answer goes to an output that shows nothing, so the question is written beside it.
    if (!shown) stderr.write(text);
    const lines = createInterface({ input: stdin, output: shown ? stderr : nowhere(), terminal: true });
    // Ctrl-C at a question ends the command, as everywhere.
    const interrupted = new AbortController();
    lines.once("SIGINT", () => interrupted.abort(new FailedError("Interrupted: nothing was changed.")));
    try {
      return await lines.question(shown ? text : "", { signal: interrupted.signal });
    } catch (error) {
      throw interrupted.signal.aborted ? interrupted.signal.reason : error;
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
