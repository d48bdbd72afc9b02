/**
 * What the local server takes from a wrangler.toml. The file is read by a TOML parser and not by wrangler, whose import
 * alone takes longer than the whole start. Keys that this schema does not know are an error: a binding that a deploy
 * would make and the local server would not must never go unnoticed.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { ScriptFailure } from "./failure.ts";

const durableObjectSchema = z.strictObject({ name: z.string(), class_name: z.string(), script_name: z.string().optional() });

const fileSchema = z.strictObject({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  send_metrics: z.boolean().optional(),
  r2_buckets: z.array(z.strictObject({ binding: z.string(), bucket_name: z.string() })).default([]),
  d1_databases: z
    .array(
      z.strictObject({
        binding: z.string(),
        database_name: z.string(),
        database_id: z.string().optional(),
        migrations_dir: z.string(),
      }),
    )
    .default([]),
  durable_objects: z.strictObject({ bindings: z.array(durableObjectSchema) }).default({ bindings: [] }),
  migrations: z.array(z.strictObject({ tag: z.string(), new_sqlite_classes: z.array(z.string()) })).default([]),
  ratelimits: z
    .array(
      z.strictObject({
        name: z.string(),
        namespace_id: z.string(),
        simple: z.strictObject({ limit: z.int(), period: z.union([z.literal(10), z.literal(60)]) }),
      }),
    )
    .default([]),
  assets: z
    .strictObject({
      directory: z.string(),
      binding: z.string(),
      not_found_handling: z.literal("none"),
      run_worker_first: z.array(z.string()),
    })
    .optional(),
  /** Of one request; the local server has none. */
  limits: z.strictObject({ cpu_ms: z.int(), subrequests: z.int() }).optional(),
  vars: z.record(z.string(), z.string()).default({}),
  secrets: z.strictObject({ required: z.array(z.string()) }).default({ required: [] }),
  triggers: z.strictObject({ crons: z.array(z.string()) }).default({ crons: [] }),
  observability: z.strictObject({ enabled: z.boolean() }).optional(),
});

export type Database = { readonly binding: string; readonly name: string; readonly migrationsDir: string };

/** One Worker, with every path absolute. */
export type WorkerConfig = Omit<z.infer<typeof fileSchema>, "main" | "d1_databases" | "migrations" | "assets"> & {
  /** Where its wrangler.toml is. */
  readonly folder: string;
  readonly main: string;
  readonly databases: readonly Database[];
  /** Files that are served as they are, with the headers that a `_headers` among them says. */
  readonly assets: { readonly binding: string; readonly folder: string } | undefined;
  /** Durable Object classes that this Worker exports, all with SQLite storage. */
  readonly classes: readonly string[];
};

/** Reads one wrangler.toml; a fault names the file and the key. */
export function readWranglerConfig(file: string): WorkerConfig {
  const folder = dirname(file);
  const { main, d1_databases, migrations, assets, ...rest } = parseFile(file);
  return {
    ...rest,
    folder,
    main: resolve(folder, main),
    databases: d1_databases.map(({ binding, database_name, migrations_dir }) => ({
      binding,
      name: database_name,
      migrationsDir: resolve(folder, migrations_dir),
    })),
    assets: assets && { binding: assets.binding, folder: resolve(folder, assets.directory) },
    classes: migrations.flatMap((migration) => migration.new_sqlite_classes),
  };
}

function parseFile(file: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof TomlError) throw new ScriptFailure(`${file} is not TOML: ${error.message}`, { exitCode: 2, cause: error });
    if (error instanceof z.ZodError)
      throw new ScriptFailure(`${file} has what the local server does not know:\n${z.prettifyError(error)}`, { exitCode: 2, cause: error });
    throw error;
  }
}
