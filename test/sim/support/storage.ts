/** D1 and R2 as the Workers' bindings, over memory, with every call a step that may go wrong. */
import { createHash } from "node:crypto";
import type { SqliteD1 } from "../../../packages/server/test/support/sqlite-d1.ts";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import type { EdgeLife, FaultySteps } from "./faults.ts";

type D1Statement = ReturnType<SqliteD1["prepare"]>;
type Bound = { readonly statement: D1Statement };

/** Hands the statements of one life to the database; each call is one step. */
export function faultyD1(db: SqliteD1, steps: FaultySteps, life: EdgeLife) {
  const wrap = (statement: D1Statement): Bound & Record<string, unknown> => ({
    statement,
    bind: (...values: (string | number | null)[]) => wrap(statement.bind(...values)),
    all: () => steps.take(life, () => statement.all()),
    first: () => steps.take(life, () => statement.first()),
    run: () => steps.take(life, () => statement.run()),
  });
  return {
    prepare: (sql: string) => wrap(db.prepare(sql)),
    batch: (statements: readonly Bound[]) => steps.take(life, () => db.batch(statements.map(({ statement }) => statement))),
  };
}

type Stored = { readonly bytes: Uint8Array<ArrayBuffer>; readonly customMetadata: Record<string, string>; readonly uploaded: Date };
type PutOptions = { readonly sha256?: string | ArrayBuffer; readonly customMetadata?: Record<string, string> };
type Range = { readonly offset: number; readonly length: number };

/** R2 refuses more than one write a second on one key. */
const writeGapMs = 1000;

/** All objects of the edge. */
export class Objects {
  readonly all = new Map<string, Stored>();
  readonly #writtenAt = new Map<string, number>();
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  put(key: string, body: ArrayBuffer | Uint8Array, { sha256, customMetadata = {} }: PutOptions): void {
    const now = this.#clock.now();
    if (now - (this.#writtenAt.get(key) ?? -Infinity) < writeGapMs)
      throw new Error("put: Reduce your rate of requests for this object (10058)");
    const bytes = new Uint8Array(body instanceof Uint8Array ? body : new Uint8Array(body));
    const hash = createHash("sha256").update(bytes).digest();
    const wanted = typeof sha256 === "string" ? sha256 : sha256 === undefined ? undefined : Buffer.from(sha256).toString("hex");
    if (wanted !== undefined && wanted !== hash.toString("hex")) throw new Error("put: The SHA-256 checksum does not match (10037)");
    this.#writtenAt.set(key, now);
    this.all.set(key, { bytes, customMetadata, uploaded: new Date(now) });
  }
}

const head = (key: string, { bytes, customMetadata, uploaded }: Stored) => ({ key, size: bytes.length, customMetadata, uploaded });

/** The bucket's binding for one life. */
export function faultyBucket(objects: Objects, steps: FaultySteps, life: EdgeLife) {
  return {
    head: (key: string) =>
      steps.take(life, async () => {
        const stored = objects.all.get(key);
        return stored === undefined ? null : head(key, stored);
      }),
    get: (key: string, { range }: { range?: Range } = {}) =>
      steps.take(life, async () => {
        const stored = objects.all.get(key);
        if (stored === undefined) return null;
        const bytes = range === undefined ? stored.bytes : stored.bytes.slice(range.offset, range.offset + range.length);
        return { ...head(key, stored), body: new Response(bytes).body, arrayBuffer: async () => bytes.slice().buffer };
      }),
    put: (key: string, body: ArrayBuffer | Uint8Array, options: PutOptions = {}) =>
      steps.take(life, async () => objects.put(key, body, options)),
    list: ({ startAfter = "", limit = 1000 }: { startAfter?: string; limit?: number }) =>
      steps.take(life, async () => {
        const keys = [...objects.all.keys()].filter((key) => key > startAfter).toSorted();
        const found = keys.slice(0, limit).flatMap((key) => {
          const stored = objects.all.get(key);
          return stored === undefined ? [] : [{ ...head(key, stored), uploaded: stored.uploaded }];
        });
        return { objects: found, truncated: keys.length > limit };
      }),
    delete: (keys: string | readonly string[]) =>
      steps.take(life, async () => {
        for (const key of typeof keys === "string" ? [keys] : keys) objects.all.delete(key);
      }),
  };
}
