/** Everything there is in one run: the databases, the bucket, the users' objects, and who has proven what. */
import { createHash } from "node:crypto";
import { type BlockHash, type DeviceId, type Epoch, epochSchema, type NodeId, type UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import { createBlockIndex } from "../../src/blocks/block-index.ts";
import type { BlockIndex, BlockLookUp } from "../../src/blocks/types.ts";
import type { Intent, IntentStore } from "../../src/namespace/intent.ts";
import type { TendDeps } from "../../src/collect/tend/types.ts";
import type { CommitDeps } from "../../src/namespace/commit.ts";
import type { BucketCollector, Clock, Database } from "../../src/ports.ts";
import { bucketOf, BucketState } from "./bucket.ts";
import { databaseOf, type SqlBug, type Store } from "./database.ts";
import type { Process } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";
import type { UserObject } from "./user-object.ts";

/** A fence taken away, by wrapping a port. */
export type Bug = {
  readonly name: string;
  /** What is wrong then. */
  readonly breaks: RegExp;
  /** Where to look first: part of the names of scenarios. */
  readonly where: string;
  readonly sql?: SqlBug;
  readonly blocks?: (real: BlockIndex & BlockLookUp, process: Process) => BlockIndex & BlockLookUp;
  readonly intents?: (real: IntentStore) => IntentStore;
  readonly bucket?: (real: BucketCollector, process: Process) => BucketCollector;
  readonly database?: (real: Database, process: Process) => Database;
};

const historyMs = 30 * 24 * 3600_000;

const deadlineSql = `
  SELECT min(at) AS at FROM (
    SELECT min(expires_at) AS at FROM holders WHERE expires_at > ?1
    UNION ALL SELECT min(protected_until) FROM blocks WHERE protected_until > ?1
    UNION ALL SELECT min(delete_after) FROM packs WHERE delete_after > ?1
    UNION ALL SELECT min(superseded_at) + ?2 FROM versions WHERE superseded_at + ?2 > ?1
    UNION ALL SELECT min(deleted_at) + ?2 FROM nodes WHERE deleted_at + ?2 > ?1
  )`;

/** What one process works with. */
export type Ports = {
  readonly db: Database;
  readonly shards: readonly Database[];
  readonly bucket: BucketCollector;
  readonly clock: Clock;
  readonly blocks: BlockIndex & BlockLookUp;
};

export type AckedVersion = { readonly user: UserId; readonly node: NodeId; readonly version: number };

export class World {
  readonly store: Store;
  readonly bucket = new BucketState();
  /** By user: what the object's own storage remembers. */
  readonly intents = new Map<UserId, Intent>();
  readonly objects = new Map<UserId, UserObject>();
  /** `user/hash` of everything whose bytes a user has sent or proven (I2). */
  readonly proofs = new Set<string>();
  /** Acknowledged, and to be kept (I4). */
  readonly acked = new Set<AckedVersion>();
  readonly users: UserId[] = [];
  bug: Bug | undefined;
  #scheduler: Scheduler | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  get scheduler(): Scheduler {
    if (this.#scheduler === undefined) throw new Error("nothing runs yet");
    return this.#scheduler;
  }

  set scheduler(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  ports(process: Process): Ports {
    const clock = { now: () => this.scheduler.now };
    const plain = databaseOf(this.store, process, this.bug?.sql);
    const db = this.bug?.database?.(plain, process) ?? plain;
    const shards = [db];
    const bucket = bucketOf(this.bucket, process, clock.now);
    const index = createBlockIndex({ shards, clock });
    return {
      db,
      shards,
      bucket: this.bug?.bucket?.(bucket, process) ?? bucket,
      clock,
      blocks: this.bug?.blocks?.(index, process) ?? index,
    };
  }

  commitDeps(process: Process, user: UserId): CommitDeps {
    const { db, bucket, clock, blocks } = this.ports(process);
    const intents = this.#intentStore(process, user);
    return {
      db,
      blocks,
      bucket,
      clock,
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
      intents: this.bug?.intents?.(intents) ?? intents,
      sleep: (ms) => process.sleep(ms),
      report: () => {},
    };
  }

  tendDeps(process: Process, user: UserId): TendDeps {
    return { ...this.commitDeps(process, user), bucket: this.ports(process).bucket, random: process.randomBytes };
  }

  /** The storage of an object answers its newest instance only. */
  #intentStore(process: Process, user: UserId): IntentStore {
    const step = <Result>(label: string, effect: () => Result) =>
      process.step(label, () => {
        if (process.replaced) throw new Error("this instance was replaced");
        return effect();
      });
    return {
      read: () => step("intent read", () => this.intents.get(user) ?? null),
      write: (intent) =>
        step("intent write", () => {
          this.intents.set(user, intent);
        }),
      clear: () =>
        step("intent clear", () => {
          this.intents.delete(user);
        }),
    };
  }

  prove(user: UserId, hash: BlockHash): void {
    this.proofs.add(`${user}/${hash}`);
  }

  /** The next moment after now at which a row or an object expires. */
  nextDeadline(): number | undefined {
    const { now } = this.scheduler;
    const [row] = this.store.rows<{ at: number | null }>(deadlineSql, now, historyMs);
    const objects = [...this.bucket.objects.values()].map(({ storedAt }) => storedAt + leaseMs).filter((at) => at > now);
    const next = Math.min(row?.at ?? Number.POSITIVE_INFINITY, ...objects);
    return Number.isFinite(next) ? next : undefined;
  }

  /** The world as text, apart from what the processes know. */
  dump(): string {
    const tables = ["blocks", "holders", "namespaces", "nodes", "versions", "user_blocks", "packs"];
    const rows = tables.map((table) => JSON.stringify(this.store.rows(`SELECT * FROM ${table}`)));
    const objects = [...this.bucket.objects].map(([key, { storedAt }]) => `${key}@${storedAt}`).toSorted();
    return JSON.stringify([rows, objects, [...this.intents], this.scheduler.now]);
  }

  /** A state to come back to. */
  save(): () => void {
    const [intents, proofs, acked, users] = [[...this.intents], [...this.proofs], [...this.acked], [...this.users]];
    const restoreBucket = this.bucket.save();
    this.store.mark();
    return () => {
      this.store.rewind();
      restoreBucket();
      this.intents.clear();
      for (const [user, intent] of intents) this.intents.set(user, intent);
      this.proofs.clear();
      for (const proof of proofs) this.proofs.add(proof);
      this.acked.clear();
      for (const version of acked) this.acked.add(version);
      this.users.splice(0, this.users.length, ...users);
      this.objects.clear();
    };
  }
}

export const epoch: Epoch = epochSchema.parse("epoch".padEnd(22, "_"));
export const deviceOf = (user: UserId): DeviceId => `d${user.slice(1)}` as DeviceId;
