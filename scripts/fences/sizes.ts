/** The budget for the size of a file: one noun per file. */
export const linesWarn = 300;
export const linesMax = 500;

export type Oversized = { readonly file: string; readonly lines: number; readonly over: "warn" | "max" };

/** Source files beyond the budget, largest first; `read` gives a file's text. */
export function oversized(files: readonly string[], read: (file: string) => string): Oversized[] {
  return files
    .filter((file) => /\.(ts|tsx|js|mjs|sh)$/.test(file))
    .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
    .filter(({ lines }) => lines > linesWarn)
    .map((entry) => ({ ...entry, over: entry.lines > linesMax ? ("max" as const) : ("warn" as const) }))
    .toSorted((a, b) => b.lines - a.lines);
}
