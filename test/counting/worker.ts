/** The API Worker, counting what it asks of the platform that is billed: for tests and benchmarks. Its sums are at `/__counts`. */
import { app } from "@ashlar/api/app";
import type { Env } from "@ashlar/api/env";
import { UserSync as RealUserSync } from "@ashlar/durable-objects/user-sync";

/** Since the Worker began, or was last asked with `?reset`. */
const counts = {
  requests: 0,
  /** Calls of the user's object, and upgrades to sockets. */
  objectCalls: 0,
  objectAlarms: 0,
  /** What devices say on their sockets. */
  objectMessages: 0,
  /** Of an object's own storage; an alarm that is set is one. */
  objectRowsRead: 0,
  objectRowsWritten: 0,
  /** Of those below: the object waits for them. */
  objectD1Batches: 0,
  r2Writes: 0,
  r2Reads: 0,
  r2Deletes: 0,
  d1Batches: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
};
/** Of each database, by its binding, when it last answered. */
const databaseBytes: Record<string, number> = {};

type Source = { readonly binding: string; readonly asker: "worker" | "object" };

class CountedStatement {
  readonly inner: D1PreparedStatement;
  readonly #source: Source;

  constructor(inner: D1PreparedStatement, source: Source) {
    this.inner = inner;
    this.#source = source;
  }

  bind(...values: unknown[]) {
    return new CountedStatement(this.inner.bind(...values), this.#source);
  }

  async all() {
    countBatch(this.#source);
    return noted(await this.inner.all(), this.#source);
  }

  run() {
    return this.all();
  }

  /** The platform's own `first` tells nothing of the rows. */
  async first() {
    return (await this.all()).results[0] ?? null;
  }
}

function countBatch({ asker }: Source): void {
  counts.d1Batches++;
  if (asker === "object") counts.objectD1Batches++;
}

function noted(result: D1Result, { binding }: Source): D1Result {
  databaseBytes[binding] = result.meta.size_after;
  counts.d1RowsRead += result.meta.rows_read;
  counts.d1RowsWritten += result.meta.rows_written;
  return result;
}

function database(db: D1Database, source: Source): unknown {
  return {
    prepare: (sql: string) => new CountedStatement(db.prepare(sql), source),
    batch: async (statements: readonly CountedStatement[]) => {
      countBatch(source);
      return (await db.batch(statements.map(({ inner }) => inner))).map((result) => noted(result, source));
    },
  };
}

const r2Classes = { put: "r2Writes", list: "r2Writes", get: "r2Reads", head: "r2Reads", delete: "r2Deletes" } as const;

function bucket(real: R2Bucket): R2Bucket {
  return new Proxy(real, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return (...args: unknown[]): unknown => {
        if (property in r2Classes) counts[r2Classes[property as keyof typeof r2Classes]]++;
        return Reflect.apply(method, target, args);
      };
    },
  });
}

/** A cursor knows its rows when it has been read. */
const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];

function countCursors(): void {
  for (const { rowsRead, rowsWritten } of cursors.splice(0)) {
    counts.objectRowsRead += rowsRead;
    counts.objectRowsWritten += rowsWritten;
  }
}

/** Each call of a stub is billed as a request of its object. */
function objects(real: Env["USER_SYNC"]): unknown {
  return {
    getByName: (name: string) =>
      new Proxy(real.getByName(name), {
        get(target, property) {
          return (...args: unknown[]): unknown => {
            counts.objectCalls++;
            return Reflect.apply(Reflect.get(target, property) as (...all: unknown[]) => unknown, target, args);
          };
        },
      }),
  };
}

function counted(env: Env, asker: Source["asker"]): Env {
  const bindings = Object.entries(env).map(([name, binding]): [string, unknown] => {
    if (name === "BLOCKS") return [name, bucket(env.BLOCKS)];
    if (name === "USER_SYNC") return [name, objects(env.USER_SYNC)];
    return [name, /^(META_|INDEX_|DIRECTORY)/.test(name) ? database(binding as D1Database, { binding: name, asker }) : binding];
  });
  return Object.fromEntries(bindings) as Env;
}

export class UserSync extends RealUserSync {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage);
    super(ctx, counted(env, "object"));
  }

  override alarm(): Promise<void> {
    counts.objectAlarms++;
    return super.alarm();
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    counts.objectMessages++;
    return super.webSocketMessage(socket, message);
  }
}

/** On the platform's own objects, which cannot be stood in for. */
function countStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql) as (...all: unknown[]) => SqlStorageCursor<Record<string, SqlStorageValue>>;
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperties(storage, {
    sql: {
      value: {
        exec(...all: unknown[]) {
          const cursor = exec(...all);
          cursors.push(cursor);
          return cursor;
        },
      },
    },
    setAlarm: {
      value(...all: Parameters<typeof setAlarm>) {
        counts.objectRowsWritten++;
        return setAlarm(...all);
      },
    },
  });
}

// oxlint-disable-next-line import/no-default-export -- the platform asks for it
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/__counts") {
      counts.requests++;
      return app.fetch(request, counted(env, "worker"), ctx);
    }
    countCursors();
    const answer = Response.json({ counts, databaseBytes });
    if (searchParams.has("reset")) for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] = 0;
    return answer;
  },
} satisfies ExportedHandler<Env>;
