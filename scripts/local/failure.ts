/** Exit codes of the scripts: 1 something failed, 2 it was started in a way that cannot work. */
export type ExitCode = 1 | 2;

/** A failure that a person can act on: its message is printed as it is, without a stack. */
export class ScriptFailure extends Error {
  override readonly name = "ScriptFailure";
  readonly exitCode: ExitCode;

  constructor(message: string, options: { exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Runs a script's main function, and turns what it throws into a message and an exit code. */
export async function runScript(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof ScriptFailure ? error.message : error);
    process.exitCode = error instanceof ScriptFailure ? error.exitCode : 1;
  }
}
