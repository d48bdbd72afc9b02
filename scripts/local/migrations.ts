/** Applies migrations to the local databases, through D1 itself, keeping the same record as `wrangler d1 migrations apply`. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { ScriptFailure } from "./failure.ts";
import { planMigrations } from "./migration-plan.ts";
import type { Database } from "./wrangler-config.ts";

const recordTable =
  "CREATE TABLE IF NOT EXISTS d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)";

/** Answers how many migrations were applied. Each is one transaction together with its record. */
export async function applyMigrations(db: D1Database, { name, migrationsDir }: Database): Promise<number> {
  const [, record] = await db.batch<{ name: string }>([db.prepare(recordTable), db.prepare("SELECT name FROM d1_migrations ORDER BY id")]);
  const plan = planMigrations(record?.results.map((row) => row.name) ?? [], await migrationFiles(migrationsDir));
  if (plan.kind === "diverged")
    throw new ScriptFailure(
      `${name}: the migration ${plan.applied} was applied, but ${plan.expected ?? "nothing"} stands in its place in ${migrationsDir}. ` +
        "Migrations are only ever appended. Restore the files, or move the state folder away to begin anew.",
    );
  for (const file of plan.names) await applyOne(db, { name, migrationsDir }, file);
  return plan.names.length;
}

async function applyOne(db: D1Database, { name, migrationsDir }: Omit<Database, "binding">, file: string): Promise<void> {
  // SQLite itself takes the file apart: no splitter of ours has to understand triggers, quotes and comments.
  const sql = await readFile(join(migrationsDir, file), "utf8");
  try {
    await db.batch([db.prepare(sql), db.prepare("INSERT INTO d1_migrations(name) VALUES (?)").bind(file)]);
  } catch (error) {
    throw new ScriptFailure(`${name}: ${file} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** The names of a folder's migrations, in order; a folder that does not exist has none. */
async function migrationFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".sql")).toSorted();
}
