/**
 * Which migrations are still to be applied. The list is append-only: what was applied must be a prefix of what is known,
 * else a file was renamed, removed or slipped in between, and the schema would not be the one that the files describe.
 */
export type MigrationPlan =
  | { readonly kind: "apply"; readonly names: readonly string[] }
  | { readonly kind: "diverged"; readonly applied: string; readonly expected: string | undefined };

/** Both lists in order of application; `known` are the file names of the migrations folder, sorted. */
export function planMigrations(applied: readonly string[], known: readonly string[]): MigrationPlan {
  const at = applied.findIndex((name, index) => known[index] !== name);
  const name = applied[at];
  if (name !== undefined) return { kind: "diverged", applied: name, expected: known[at] };
  return { kind: "apply", names: known.slice(applied.length) };
}
