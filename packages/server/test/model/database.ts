/**
 * One SQLite for all databases of the model, with every statement prepared once, so that a run costs milliseconds. Their tables
 * have different names. Each batch is still a transaction of its own, and nothing spans two of them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Database, SqlRow, SqlValue, Statement } from "../../src/ports.ts";
import type { Process } from "./process.ts";

const migrations = new URL("../../../../migrations/", import.meta.url);

export class Store {
  readonly #raw = new DatabaseSync(":memory:");
  readonly #prepared = new Map<string, StatementSync>();

  constructor() {
    this.#raw.exec("PRAGMA foreign_keys = ON");
    for (const schema of ["directory", "blocks", "meta"]) {
      const folder = new URL(`${schema}/`, migrations);
      for (const name of readdirSync(folder).toSorted()) {
        if (name.endsWith(".sql")) this.#raw.exec(readFileSync(new URL(name, folder), "utf8"));
      }
    }
    this.#raw.exec("BEGIN");
  }

  rows<Row = SqlRow>(sql: string, ...values: readonly SqlValue[]): Row[] {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#raw.prepare(sql)));
    return statement.all(...values) as Row[];
  }

  /** As D1 does a batch: wholly or not at all. */
  batch(statements: readonly BoundStatement[]): { results: SqlRow[] }[] {
    this.rows("SAVEPOINT batch");
    try {
      const results = statements.map(({ sql, values }) => ({ results: this.rows(sql, ...values) }));
      this.rows("RELEASE batch");
      return results;
    } catch (error) {
      this.rows("ROLLBACK TO batch");
      this.rows("RELEASE batch");
      throw error;
    }
  }

  /** Counts rows written so far, to see whether anything has changed. */
  get changes(): number {
    return this.rows<{ n: number }>("SELECT total_changes() AS n")[0]?.n ?? 0;
  }

  mark(): void {
    this.rows("SAVEPOINT mark");
  }

  /** Back to the last mark, which stays. */
  rewind(): void {
    this.rows("ROLLBACK TO mark");
  }

  unmark(): void {
    this.rows("ROLLBACK TO mark");
    this.rows("RELEASE mark");
  }
}

type RunStatements = (statements: readonly BoundStatement[]) => Promise<{ results: SqlRow[] }[]>;

export class BoundStatement implements Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  readonly #run: RunStatements;

  constructor(sql: string, values: readonly SqlValue[], run: RunStatements) {
    this.sql = sql;
    this.values = values;
    this.#run = run;
  }

  withText(sql: string): BoundStatement {
    return new BoundStatement(sql, this.values, this.#run);
  }

  bind(...values: SqlValue[]): Statement {
    return new BoundStatement(this.sql, values, this.#run);
  }

  async all<Row = SqlRow>(): Promise<{ results: Row[] }> {
    const [answer] = await this.#run([this]);
    return { results: (answer?.results ?? []) as Row[] };
  }

  async first<Row = SqlRow>(): Promise<Row | null> {
    return (await this.all<Row>()).results[0] ?? null;
  }

  run(): Promise<unknown> {
    return this.all();
  }
}

/** What a planted bug does to the statements of a batch, or of a single one. */
export type SqlBug = (statements: readonly BoundStatement[], process: Process) => readonly BoundStatement[];

/** The database as one process sees it: each call waits for the scheduler. */
export function databaseOf(store: Store, process: Process, bug: SqlBug | undefined): Database {
  const run = (statements: readonly BoundStatement[]) => {
    const planted = bug === undefined ? statements : bug(statements, process);
    return process.step(labelOf(statements), () => store.batch(planted), { remote: true });
  };
  return {
    prepare: (sql) => new BoundStatement(sql, [], run),
    batch: <Row>(statements: Statement[]) =>
      run(
        statements.map((statement) => {
          if (!(statement instanceof BoundStatement)) throw new TypeError("a batch takes statements of its own database");
          return statement;
        }),
      ) as Promise<{ results: Row[] }[]>,
  };
}

const labels = new Map<string, string>();

/** The last statement that writes, in short: it says best what a batch is about. */
function labelOf(statements: readonly BoundStatement[]): string {
  const telling = statements.find(({ sql }) => !/^\s*(SELECT|WITH)/.test(sql)) ?? statements[0];
  const sql = telling?.sql ?? "";
  let label = labels.get(sql);
  if (label === undefined) {
    label = sql.replace(/\s+/g, " ").trim().slice(0, 70);
    labels.set(sql, label);
  }
  return statements.length > 1 ? `${label} (+${statements.length - 1})` : label;
}
