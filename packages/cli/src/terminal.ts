/** Where the command speaks: lines for people or for scripts, and one line that moves while work is under way. */
import { stripVTControlCharacters } from "node:util";

export type Stream = {
  write(text: string): unknown;
  /** As Node's streams: what is written in between goes out together. */
  cork?(): void;
  uncork?(): void;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

export type Terminal = {
  /** A line for people on stdout; silent when lines are for scripts. */
  say(text: string): void;
  /** One JSON object as one line on stdout; silent when lines are for people. */
  emit(value: object): void;
  /** A line for people on stderr, in both cases. */
  warn(text: string): void;
  /** Whether there is a moving line: a person watches, and lines are not for scripts. */
  readonly moves: boolean;
  /** Replaces the moving line; an empty one removes it. */
  progress(text: string): void;
  readonly paint: Paint;
};

export type Paint = {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
};

const eraseLine = "\r\u001b[2K";

export function openTerminal(options: {
  stdout: Stream;
  stderr: Stream;
  env: Readonly<Record<string, string | undefined>>;
  json: boolean;
}): Terminal {
  const { stdout, stderr, env, json } = options;
  const moves = !json && stderr.isTTY === true;
  let moving = false;
  let gathering = false;
  /** What is told at about the same time is written in one go: while thousands of files come in, each is told of. */
  const gather = () => {
    if (gathering || stdout.cork === undefined) return;
    gathering = true;
    stdout.cork();
    setImmediate(() => {
      gathering = false;
      stdout.uncork?.();
    });
  };
  const hold = () => {
    if (moving) stderr.write(eraseLine);
    moving = false;
  };
  return {
    say(text) {
      if (json) return;
      hold();
      stdout.write(`${text}\n`);
    },
    emit(value) {
      if (!json) return;
      gather();
      stdout.write(`${JSON.stringify(value)}\n`);
    },
    warn(text) {
      hold();
      stderr.write(`${text}\n`);
    },
    moves,
    progress(text) {
      if (!moves) return;
      hold();
      if (text === "") return;
      stderr.write(text.slice(0, Math.max(0, (stderr.columns ?? 80) - 1)));
      moving = true;
    },
    paint: paintFor(stdout.isTTY === true && stderr.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb"),
  };
}

/** Colours only where somebody sees them, and wants them (no-color.org). */
function paintFor(colours: boolean): Paint {
  const sgr = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: sgr(1), dim: sgr(2), red: sgr(31), yellow: sgr(33), green: sgr(32) };
}

/** A name from a disk or the server, without what could steer the terminal it is shown on. */
export function printable(name: string): string {
  return stripVTControlCharacters(name).replaceAll(/\p{Cc}|\p{Bidi_Control}/gu, "\ufffd");
}
