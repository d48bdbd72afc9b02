import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import { collect, collectBounds, type CollectPorts } from "../../src/collect/collect.ts";
import type { RunKind, RunRecord } from "../../src/collect/runs.ts";
import { newBlock, newUser, type TestBlock } from "./blocks.ts";
import { manualClock, memoryBucket, noSleep, randomBytes, sha256, unzstd } from "./ports.ts";
import { sqliteD1 } from "./sqlite-d1.ts";

export const hour = 3_600_000;

/** An edge with one shard of each kind, whose collector goes by the same clock as everything else. */
export class Edge {
  readonly clock = manualClock();
  readonly directory = sqliteD1("directory");
  readonly meta = sqliteD1("meta");
  readonly db = sqliteD1("blocks");
  readonly bucket = memoryBucket(undefined, this.clock);
  readonly index = createBlockIndex({ shards: [this.db], clock: this.clock });
  readonly lines: string[] = [];
  readonly reports: unknown[] = [];
  readonly ports: CollectPorts = {
    directory: this.directory,
    metaShards: [this.meta],
    indexShards: [this.db],
    bucket: this.bucket,
    tend: () => Promise.reject(new Error("no user is expected")),
    clock: this.clock,
    random: randomBytes,
    sha256,
    unzstd,
    report: (_message, cause) => this.reports.push(cause),
    log: (line) => this.lines.push(line),
  };

  async run(kind: RunKind = "collect", ports: Partial<CollectPorts> = {}, bounds = collectBounds): Promise<RunRecord> {
    const record = await collect({ ...this.ports, ...ports }, { kind, now: this.clock.now(), bounds });
    if (record === undefined) throw new Error("another run is under way");
    return record;
  }

  store(user: ReturnType<typeof newUser>, block: TestBlock) {
    return storeBlock({ shards: [this.db], bucket: this.bucket, clock: this.clock, sleep: noSleep }, user, block, block.bytes);
  }

  async held(user = newUser()) {
    const block = newBlock();
    await this.store(user, block);
    await this.index.hold(user, [block], 0);
    return block;
  }

  row({ hash }: TestBlock) {
    return this.db.raw.prepare("SELECT state, ref_count FROM blocks WHERE hash = ?").get(hash);
  }

  rot(block: TestBlock): void {
    this.bucket.objects.set(blockKey(block.hash), new Uint8Array(block.size));
  }
}

export const tend = async () => ({
  changes: 0,
  versions: 0,
  nodes: 0,
  released: 0,
  packsDeleted: 0,
  packsRewritten: 0,
  bytesFreed: 0,
  damaged: 0,
  wanted: [],
  isCut: false,
});
export const hash = "a".repeat(64);
export const id = (letter: string) => letter.repeat(22);

export const user = newUser();
export function withUser(): Edge {
  const edge = new Edge();
  edge.directory.raw.prepare("INSERT INTO accounts VALUES (?, 'a@b', 'h', 0, 0)").run(user);
  edge.meta.raw
    .prepare("INSERT INTO namespaces (user_id, epoch, seq, generation, bytes_used, quota_bytes, created_at) VALUES (?, 'e', 7, 3, 0, 0, 0)")
    .run(user);
  return edge;
}
