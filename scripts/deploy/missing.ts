/** What the account lacks, read from the lists that wrangler prints. */
import * as z from "zod";

const listSchema = z.array(z.object({ name: z.string() }));

/** The required names that a list of wrangler's, in JSON, does not show; it may print notices around the list. */
export function missingNames(output: string, required: readonly string[]): string[] {
  const list = /\[\s*(?:\{[\s\S]*\}\s*)?\]/.exec(output)?.[0] ?? "[]";
  const names = new Set(listSchema.parse(JSON.parse(list)).map(({ name }) => name));
  return required.filter((name) => !names.has(name));
}
