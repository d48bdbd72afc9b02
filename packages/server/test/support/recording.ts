/** Ports that write down what is asked of them, in order: what an observer of times and counts could see at most. */
import type { BucketWriter, Database, SqlValue, Statement } from "../../src/ports.ts";
import type { SqliteD1 } from "./sqlite-d1.ts";

class RecordedStatement implements Statement {
  readonly sql: string;
  readonly inner: Statement;

  constructor(sql: string, inner: Statement) {
    this.sql = sql;
    this.inner = inner;
  }

  bind(...values: SqlValue[]): Statement {
    return new RecordedStatement(this.sql, this.inner.bind(...values));
  }

  all(): never {
    throw new Error("only batches are recorded");
  }

  first(): never {
    throw new Error("only batches are recorded");
  }

  run(): never {
    throw new Error("only batches are recorded");
  }
}

/** Each batch as its statements, the number of rows that it wrote (triggers' too), and how many rows each statement answered. */
export function recordedDatabase(db: SqliteD1, log: unknown[]): Database {
  const written = () => Number(db.raw.prepare("SELECT total_changes() AS n").get()?.["n"]);
  return {
    prepare: (sql) => new RecordedStatement(sql, db.prepare(sql)),
    batch: async <Row>(statements: Statement[]) => {
      const recorded = statements.filter((statement) => statement instanceof RecordedStatement);
      const before = written();
      const results = await db.batch<Row>(recorded.map(({ inner }) => inner));
      log.push({ batch: recorded.map(({ sql }) => sql), written: written() - before, answered: results.map((one) => one.results.length) });
      return results;
    },
  };
}

const kind = (key: string): string => key.slice(0, key.indexOf("/"));

/** Each call with its kind of key and the length of its body. */
export function recordedBucket(bucket: BucketWriter, log: unknown[]): BucketWriter {
  return {
    head: (key) => {
      log.push({ head: kind(key) });
      return bucket.head(key);
    },
    get: (key, options) => {
      log.push({ get: kind(key) });
      return bucket.get(key, options);
    },
    put: (key, body, options) => {
      log.push({ put: kind(key), bytes: body.byteLength });
      return bucket.put(key, body, options);
    },
  };
}
