/** Many rows in one statement: D1 takes 100 parameters, but `json_each` makes a table of one. */
import type { Database, SqlValue, Statement } from "../ports.ts";

/** D1 refuses parameters above 2,000,000 bytes; a single row may be two thirds of that (`manifestRowCharsMax`). */
const parameterBytesMax = 1_500_000;

const encoder = new TextEncoder();

/**
 * `sql` over all `rows`, as few statements as parameters allow, none for no rows. The rows come as a JSON array in ?1, to be
 * taken apart by `json_each(?1)`; `values` follow as ?2, ?3, ...
 */
export function bulk(db: Database, sql: string, rows: readonly unknown[], ...values: SqlValue[]): Statement[] {
  return jsonSlices(rows).map((json) => db.prepare(sql).bind(json, ...values));
}

function jsonSlices(rows: readonly unknown[]): string[] {
  const slices: string[] = [];
  let slice: string[] = [];
  let sliceBytes = 0;
  const close = () => {
    if (slice.length > 0) slices.push(`[${slice.join(",")}]`);
    slice = [];
    sliceBytes = 0;
  };
  for (const row of rows) {
    const json = JSON.stringify(row);
    const bytes = encoder.encode(json).length + 1;
    if (sliceBytes + bytes > parameterBytesMax) close();
    slice.push(json);
    sliceBytes += bytes;
  }
  close();
  return slices;
}

/** Reads that are answered together, from one moment: a batch is a transaction. */
export class ReadBatch {
  readonly #db: Database;
  readonly #statements: Statement[] = [];
  #results: { results: unknown[] }[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  /** Adds statements with rows of one kind; the function answers them all once the batch has run. */
  add<Row>(...statements: Statement[]): () => Row[] {
    const from = this.#statements.length;
    this.#statements.push(...statements);
    const to = this.#statements.length;
    return () => this.#results.slice(from, to).flatMap(({ results }) => results as Row[]);
  }

  async run(): Promise<void> {
    this.#results = await this.#db.batch(this.#statements);
  }
}
