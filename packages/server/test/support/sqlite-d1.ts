/** The Database port over `node:sqlite`, with the migrations that a deploy applies. */
import type { Database, SqlValue, Statement } from "../../src/ports.ts";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

const migrations = new URL("../../../../migrations/", import.meta.url);

/** D1's own bounds, so that a statement that runs here runs there. */
const boundParametersMax = 100;
const parameterBytesMax = 2_000_000;

/** Compiled once for each text: half of what a statement costs. */
type Prepare = (sql: string) => StatementSync;

class SqliteStatement implements Statement {
  readonly #prepare: Prepare;
  readonly #sql: string;
  readonly #values: SqlValue[];

  constructor(prepare: Prepare, sql: string, values: SqlValue[] = []) {
    this.#prepare = prepare;
    this.#sql = sql;
    this.#values = values;
  }

  bind(...values: SqlValue[]): Statement {
    if (values.length > boundParametersMax) throw new RangeError("D1 takes at most 100 parameters");
    for (const value of values) {
      if (value === undefined || typeof value === "bigint") throw new TypeError(`D1 does not take ${typeof value}`);
      if (typeof value === "string" && Buffer.byteLength(value) > parameterBytesMax)
        throw new RangeError("D1 takes at most 2,000,000 bytes");
    }
    return new SqliteStatement(this.#prepare, this.#sql, values);
  }

  runNow<Row>(): { results: Row[] } {
    const rows = this.#prepare(this.#sql).all(...this.#values);
    return { results: rows.map((row) => ({ ...row }) as Row) };
  }

  // D1 answers later, never within the call.
  async all<Row>(): Promise<{ results: Row[] }> {
    await Promise.resolve();
    return this.runNow<Row>();
  }

  async first<Row>(): Promise<Row | null> {
    const { results } = await this.all<Row>();
    return results[0] ?? null;
  }

  run(): Promise<unknown> {
    return this.all();
  }
}

export type SqliteD1 = Database & { readonly raw: DatabaseSync };

type Schema = "directory" | "meta" | "blocks";

/** Migrated once for each: a copy takes a tenth of the time. */
const templates = new Map<Schema, Uint8Array>();

function templateOf(schema: Schema): Uint8Array {
  const known = templates.get(schema);
  if (known !== undefined) return known;
  using database = new DatabaseSync(":memory:");
  database.exec("PRAGMA foreign_keys = ON");
  const folder = new URL(`${schema}/`, migrations);
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  for (const name of files.toSorted()) database.exec(readFileSync(new URL(name, folder), "utf8"));
  const template = database.serialize();
  templates.set(schema, template);
  return template;
}

/** An empty database with the schema of that shard. */
export function sqliteD1(schema: Schema): SqliteD1 {
  const raw = new DatabaseSync(":memory:");
  raw.deserialize(templateOf(schema));
  raw.exec("PRAGMA foreign_keys = ON");
  const compiled = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    const known = compiled.get(sql) ?? raw.prepare(sql);
    compiled.set(sql, known);
    return known;
  };
  return {
    raw,
    prepare: (sql) => new SqliteStatement(prepare, sql),
    batch: async <Row>(statements: Statement[]) => {
      await Promise.resolve();
      raw.exec("BEGIN");
      try {
        const results = statements.map((statement) => {
          if (!(statement instanceof SqliteStatement)) throw new TypeError("a batch takes statements of its own database");
          return statement.runNow<Row>();
        });
        raw.exec("COMMIT");
        return results;
      } catch (error) {
        raw.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

/** Where a failure strikes: the batch never arrives, or it happens and its answer is lost. */
export type Fault = "before" | "after";

/** The same database, but `fault` is asked before every batch whether, and when, this one fails. */
export function faultyDatabase(db: SqliteD1, fault: () => Fault | undefined): Database {
  return {
    prepare: (sql) => db.prepare(sql),
    batch: async <Row>(statements: Statement[]) => {
      const now = fault();
      if (now === "before") throw new Error("D1_ERROR: Network connection lost.");
      const results = await db.batch<Row>(statements);
      if (now === "after") throw new Error("D1_ERROR: Network connection lost.");
      return results;
    },
  };
}
