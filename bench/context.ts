import type { Line } from "./report/line.ts";

/** What a benchmark is given. */
export type Context = {
  /** 1 is what the figures are meant for; less is a trial run. */
  readonly scale: number;
  readonly seed: number;
  /** A folder of its own, gone afterwards. */
  readonly directory: string;
  /** Shows a line as soon as there is one. */
  tell(line: Line): void;
  /** Something that a reader of the figures has to know. */
  note(text: string): void;
};

export type Benchmark = {
  readonly name: string;
  readonly about: string;
  readonly run: (context: Context) => Promise<Line[]>;
};
