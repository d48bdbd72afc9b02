import * as z from "zod";

const listSchema = z.array(z.object({ name: z.string() }));

/** The required names that `wrangler secret list --format json` does not show; wrangler may print notices around the list. */
export function missingSecrets(output: string, required: readonly string[]): string[] {
  const list = /\[[\s\S]*\]/.exec(output)?.[0] ?? "[]";
  const names = new Set(listSchema.parse(JSON.parse(list)).map(({ name }) => name));
  return required.filter((name) => !names.has(name));
}
