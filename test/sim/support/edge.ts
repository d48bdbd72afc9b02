/** The whole edge in this process: the Workers' own code over memory, told apart from the real one by nothing but its storage. */
import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { app } from "@ashlar/api/app";
import { boundedUnzstd } from "@ashlar/server/blocks/bounded-unzstd";
import { collect } from "@ashlar/server/collect/collect";
import type { Database } from "@ashlar/server/ports";
import { type CommitResponse, commitResponseSchema } from "@ashlar/shared/protocol/commit";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import type { Random } from "../../../packages/client/test/support/random.ts";
import { sqliteD1, type SqliteD1 } from "../../../packages/server/test/support/sqlite-d1.ts";
import { EdgeLife, FaultySteps } from "./faults.ts";
import { faultyBucket, faultyD1, Objects } from "./storage.ts";
import { UserObjects } from "./user-objects.ts";

const shardCounts = { meta: 4, index: 2 };

export class EdgeInMemory {
  readonly directory = sqliteD1("directory");
  readonly meta: readonly SqliteD1[] = Array.from({ length: shardCounts.meta }, () => sqliteD1("meta"));
  readonly index: readonly SqliteD1[] = Array.from({ length: shardCounts.index }, () => sqliteD1("blocks"));
  readonly objects: Objects;
  readonly steps: FaultySteps;
  /** Operations that a device was told are applied, with their seqs. */
  readonly acknowledged = new Map<string, number>();
  /** What went wrong beside an answer, and must not. */
  readonly failures: unknown[] = [];
  /** Replaces a database before the Workers get it: how a bug is planted. */
  plant: (db: SqliteD1, name: string) => SqliteD1 = (db) => db;
  #replacements = 0;
  readonly #users: UserObjects;
  readonly #options: { readonly clock: ManualClock; readonly random: Random };

  constructor(clock: ManualClock, random: Random) {
    this.#options = { clock, random };
    this.objects = new Objects(clock);
    this.steps = new FaultySteps(clock, random);
    this.#users = new UserObjects({
      clock,
      env: (life) => this.#env(life) as never,
      background: (task) => void task.catch((error: unknown) => this.failures.push(error)),
    });
  }

  /** Rejects when the request or its answer died on the way. */
  async fetch(request: Request): Promise<Response> {
    const life = new EdgeLife();
    const env = { ...this.#env(life), USER_SYNC: this.#users.namespace(life) };
    const context = {
      waitUntil: (task: Promise<unknown>) => void task.catch((error: unknown) => this.failures.push(error)),
      passThroughOnException: () => undefined,
      props: {},
    };
    const answer = app.fetch(request, env, context);
    const response = await Promise.race([answer, life.ended.promise]);
    if (response.ok && request.url.endsWith("/v1/commits")) this.#note(commitResponseSchema.parse(await response.clone().json()));
    return response;
  }

  #note({ results }: CommitResponse): void {
    for (const result of results) if (result.status === "applied") this.acknowledged.set(result.opId, result.seq);
  }

  /** One run of the collector, as its Worker begins it. */
  collect(): Promise<unknown> {
    const life = new EdgeLife();
    const { clock, random } = this.#options;
    const d1 = (db: SqliteD1, name: string) => faultyD1(this.plant(db, name), this.steps, life) as unknown as Database;
    const work = collect(
      {
        directory: d1(this.directory, "DIRECTORY"),
        metaShards: this.meta.map((db, index) => d1(db, `META_${index}`)),
        indexShards: this.index.map((db, index) => d1(db, `INDEX_${index}`)),
        bucket: faultyBucket(this.objects, this.steps, life),
        tend: (call) => this.#users.namespace(life).getByName(call.user).tend(call),
        clock,
        random: random.bytes,
        sha256: (bytes) => createHash("sha256").update(bytes).digest(),
        unzstd: boundedUnzstd((frame, maxOutputLength) => zstdDecompressSync(frame, { maxOutputLength })),
        report: () => undefined,
        log: () => undefined,
      },
      { kind: "collect", now: clock.now() },
    );
    return Promise.race([work, life.ended.promise]);
  }

  crash(): void {
    this.#replacements++;
    this.#users.crash();
  }

  split(): void {
    this.#replacements++;
    this.#users.split();
  }

  /** Whether a write may have met one of an instance that was replaced, died in the middle of it, or wrote late. */
  get hasRaced(): boolean {
    const { crash, late } = this.steps.counts;
    return this.#replacements + crash + late > 0;
  }

  #env(life: EdgeLife) {
    const d1 = (db: SqliteD1, name: string) => faultyD1(this.plant(db, name), this.steps, life);
    const numbered = (prefix: string, dbs: readonly SqliteD1[]) =>
      Object.fromEntries(dbs.map((db, index) => [`${prefix}_${index}`, d1(db, `${prefix}_${index}`)]));
    return {
      BLOCKS: faultyBucket(this.objects, this.steps, life),
      DIRECTORY: d1(this.directory, "DIRECTORY"),
      ...numbered("META", this.meta),
      ...numbered("INDEX", this.index),
      SIGN_IN_LIMIT: { limit: async () => ({ success: true }) },
      SESSION_LIMIT: { limit: async () => ({ success: true }) },
      DOWNLOAD_LIMIT: { limit: async () => ({ success: true }) },
      WALK_LIMIT: { limit: async () => ({ success: true }) },
      ADDRESS_LIMIT: { limit: async () => ({ success: true }) },
      EDGE_CACHE: "off",
      QUOTA_BYTES: "1000000000000",
      TOKEN_KEY: "a key of the simulation, 32 characters",
      URL_KEY: "another key of the simulation, 32 characters",
    };
  }
}
