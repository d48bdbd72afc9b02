/** The API Worker, counting what it asks of the platform that is billed: for tests and benchmarks. Its sums are at `/__counts`. */
import { app } from "@ashlar/api/app";
import type { Env } from "@ashlar/api/env";
import { UserSync as RealUserSync } from "@ashlar/durable-objects/user-sync";

/** Since the Worker began, or was last asked with `?reset`. */
const counts = {
  requests: 0,
  /** Calls of the user's object, and upgrades to sockets. */
  objectCalls: 0,
  r2Writes: 0,
  r2Reads: 0,
  r2Deletes: 0,
  d1Batches: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
};
export type Counts = typeof counts;

class CountedStatement {
  readonly inner: D1PreparedStatement;

  constructor(inner: D1PreparedStatement) {
    this.inner = inner;
  }

  bind(...values: unknown[]) {
    return new CountedStatement(this.inner.bind(...values));
  }

  async all() {
    counts.d1Batches++;
    return noted(await this.inner.all());
  }

  run() {
    return this.all();
  }

  /** The platform's own `first` tells nothing of the rows. */
  async first() {
    return (await this.all()).results[0] ?? null;
  }
}

function noted(result: D1Result): D1Result {
  counts.d1RowsRead += result.meta.rows_read;
  counts.d1RowsWritten += result.meta.rows_written;
  return result;
}

function database(db: D1Database): unknown {
  return {
    prepare: (sql: string) => new CountedStatement(db.prepare(sql)),
    batch: async (statements: readonly CountedStatement[]) => {
      counts.d1Batches++;
      return (await db.batch(statements.map(({ inner }) => inner))).map(noted);
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

function counted(env: Env): Env {
  const bindings = Object.entries(env).map(([name, binding]): [string, unknown] => {
    if (name === "BLOCKS") return [name, bucket(env.BLOCKS)];
    if (name === "USER_SYNC") return [name, objects(env.USER_SYNC)];
    return [name, /^(META_|INDEX_|DIRECTORY)/.test(name) ? database(binding as D1Database) : binding];
  });
  return Object.fromEntries(bindings) as Env;
}

export class UserSync extends RealUserSync {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, counted(env));
  }
}

// oxlint-disable-next-line import/no-default-export -- the platform asks for it
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/__counts") {
      counts.requests++;
      return app.fetch(request, counted(env), ctx);
    }
    const answer = Response.json(counts);
    if (searchParams.has("reset")) for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] = 0;
    return answer;
  },
} satisfies ExportedHandler<Env>;
