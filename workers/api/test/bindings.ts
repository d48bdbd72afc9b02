/** Bindings that are watched, or stricter than the local ones. */
import { env } from "cloudflare:workers";
import type { Env } from "../src/env.ts";

/** Databases and bucket that write down each call, its statements, the rows that it wrote and answered; `hash` is left out. */
export function recordBindings(hash: string): { bindings: Partial<Env>; log: unknown[] } {
  const log: unknown[] = [];
  const note = (entry: unknown) => void log.push(JSON.parse(JSON.stringify(entry).replaceAll(hash, "HASH")));
  const database = (db: D1Database): D1Database => {
    const sqlOf = new WeakMap<D1PreparedStatement, string>();
    const named = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
      sqlOf.set(statement, sql);
      const bind = statement.bind.bind(statement);
      statement.bind = (...values) => named(bind(...values), sql);
      return statement;
    };
    return new Proxy(db, {
      get(target, property) {
        if (property === "prepare") return (sql: string) => named(target.prepare(sql), sql);
        if (property !== "batch") throw new Error(`${String(property)} is not recorded`);
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements);
          note({
            batch: statements.map((statement) => sqlOf.get(statement)),
            written: results.map(({ meta }) => meta.changes),
            answered: results.map((one) => one.results.length),
          });
          return results;
        };
      },
    });
  };
  const bucket = new Proxy(env.BLOCKS, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") throw new Error(`${String(property)} is not recorded`);
      return (key: string, ...more: unknown[]): unknown => {
        note({ bucket: property, key });
        return Reflect.apply(method, target, [key, ...more]);
      };
    },
  });
  return { bindings: { BLOCKS: bucket, INDEX_0: database(env.INDEX_0), INDEX_1: database(env.INDEX_1) }, log };
}

/** The bucket as it is in production: one write a second of one key, and none while one is under way. */
export function refusingBucket(): { bucket: R2Bucket; refused: () => number } {
  const last = new Map<string, number>();
  let refused = 0;
  const bucket = new Proxy(env.BLOCKS, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return async (key: string, ...more: unknown[]): Promise<unknown> => {
        if (property === "put") {
          if (Date.now() - (last.get(key) ?? 0) < 1000) {
            refused++;
            throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
          }
          last.set(key, Date.now());
        }
        return Reflect.apply(method, target, [key, ...more]);
      };
    },
  });
  return { bucket, refused: () => refused };
}
