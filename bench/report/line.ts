/** One line of a report: a figure, and what it is to be seen beside. */
export type Unit = "s" | "ms" | "/s" | "KiB" | "$";

export type Line = {
  /** The benchmark, and where it ran if that makes a difference. */
  readonly bench: string;
  readonly what: string;
  readonly who: string;
  /** Undefined: it was not done, and `also` says why. */
  readonly value: number | undefined;
  readonly unit: Unit;
  /** What is possible at best, or the yardstick of the same run. */
  readonly limit?: number;
  readonly also?: string;
  readonly upBytes?: number;
  readonly downBytes?: number;
  readonly cpuSeconds?: Readonly<Record<string, number>>;
  readonly peakBytes?: Readonly<Record<string, number>>;
};

export const headings = ["benchmark", "what", "who", "measured", "limit", "times", "also", "up", "down", "CPU s", "peak RSS"];
/** Which of them are text; numbers stand to the right. */
export const textColumns: ReadonlySet<number> = new Set([0, 1, 2, 6]);

export function cellsOf(line: Line): string[] {
  const { value, unit, limit, upBytes, downBytes, cpuSeconds, peakBytes } = line;
  const cpu = cpuSeconds === undefined ? undefined : Object.values(cpuSeconds).reduce((sum, one) => sum + one, 0);
  const peak = peakBytes === undefined ? undefined : Math.max(...Object.values(peakBytes));
  return [
    line.bench,
    line.what,
    line.who,
    value === undefined ? "-" : figure(value, unit),
    limit === undefined ? "" : figure(limit, unit),
    limit === undefined || value === undefined || limit === 0 ? "" : (value / limit).toPrecision(3),
    line.also ?? "",
    upBytes === undefined ? "" : bytesText(upBytes),
    downBytes === undefined ? "" : bytesText(downBytes),
    cpu === undefined ? "" : cpu.toFixed(2),
    peak === undefined || peak <= 0 ? "" : bytesText(peak),
  ];
}

/** Three digits that count. */
export function figure(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "$" ? `$${text}` : `${text} ${unit}`;
}

const steps = ["B", "KiB", "MiB", "GiB"] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step++;
  }
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${steps[step]}`;
}
