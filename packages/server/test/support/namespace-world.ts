/** A user with a namespace over node:sqlite, a fake block index and bucket, and short ways to make operations. */
import { createHash } from "node:crypto";
import { encodeManifest, type BlockRef } from "@ashlar/shared/manifest";
import {
  blockHashSchema,
  deviceIdSchema,
  epochSchema,
  nodeIdSchema,
  opIdSchema,
  packIdSchema,
  rootId,
  userIdSchema,
  type BlockHash,
  type NodeId,
  type UserId,
} from "@ashlar/shared/ids";
import { commit, type CommitDeps } from "../../src/namespace/commit.ts";
import { ensureNamespace } from "../../src/namespace/create.ts";
import type { Intent, IntentStore } from "../../src/namespace/intent.ts";
import type { CommitCall } from "../../src/namespace/types.ts";
import type { BlockIndex, Pack } from "../../src/blocks/types.ts";
import type { Sha256 } from "../../src/ports.ts";
import type { CommitResponse, Op } from "@ashlar/shared/protocol/commit";
import { memoryBucket, type MemoryBucket } from "./ports.ts";
import { sqliteD1, type SqliteD1 } from "./sqlite-d1.ts";

let counter = 0;
/** Ids that nobody else has; a label makes failures readable. */
const fresh = (label: string): string => `${label}-${String((counter += 1))}`.padEnd(22, "_");

export const newUser = () => userIdSchema.parse(fresh("user"));
export const newNode = (label = "node") => nodeIdSchema.parse(fresh(label));
const newOp = () => opIdSchema.parse(fresh("op"));
const newPack = () => packIdSchema.parse(fresh("pack"));
export const epoch = epochSchema.parse("epoch".padEnd(22, "_"));
const deviceA = deviceIdSchema.parse("deviceA".padEnd(22, "_"));

export const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** A block that exists in name only. */
export function block(seed: string, size = 10): BlockRef {
  return { hash: blockHashSchema.parse(createHash("sha256").update(`${seed}/${size}`).digest("hex")), size };
}

export function packOf(...blocks: BlockRef[]): Pack {
  let at = 0;
  const packed = blocks.map((ref) => ({ ...ref, offset: (at += ref.size) - ref.size }));
  return { id: newPack(), size: at, blocks: packed };
}

const content = (blocks: readonly BlockRef[]) => ({
  manifest: encodeManifest(blocks),
  size: blocks.reduce((total, { size }) => total + size, 0),
  mtimeMs: 1000,
  mode: 0o644,
});

export const createOp = (node: NodeId, parent: NodeId, name: string, blocks: readonly BlockRef[] = []): Op => ({
  op: "create",
  opId: newOp(),
  node,
  parent,
  name,
  kind: "file",
  ...content(blocks),
});
export const updateOp = (node: NodeId, baseRev: number, blocks: readonly BlockRef[] = []): Op => ({
  op: "update",
  opId: newOp(),
  node,
  baseRev,
  ...content(blocks),
});
export const mkdirOp = (node: NodeId, parent: NodeId, name: string): Op => ({
  op: "mkdir",
  opId: newOp(),
  node,
  parent,
  name,
  mode: 0o755,
});
export const moveOp = (node: NodeId, baseRev: number, parent: NodeId, name: string): Op => ({
  op: "move",
  opId: newOp(),
  node,
  baseRev,
  parent,
  name,
});
export const deleteOp = (node: NodeId, baseRev: number): Op => ({ op: "delete", opId: newOp(), node, baseRev });

export const restoreOp = (node: NodeId, baseRev: number, parent: NodeId, name: string): Op => ({
  op: "restore",
  opId: newOp(),
  node,
  baseRev,
  parent,
  name,
});

/** Remembers who holds what; leases are whatever was uploaded. */
class FakeBlockIndex implements BlockIndex {
  readonly leased = new Set<BlockHash>();
  readonly held = new Set<BlockHash>();
  /** What the uploads are to have come as; 0 unless a test says it. */
  readonly sent = new Map<BlockHash, number>();

  upload(...blocks: readonly BlockRef[]): void {
    for (const { hash } of blocks) this.leased.add(hash);
  }
  async have(_user: UserId, hashes: readonly BlockHash[]) {
    return new Set(hashes.filter((hash) => this.leased.has(hash) || this.held.has(hash)));
  }
  async protect() {}
  async hold(_user: UserId, blocks: readonly BlockRef[], _generation: number) {
    const refused = new Set<BlockHash>();
    for (const { hash } of blocks) {
      if (this.leased.delete(hash) || this.held.has(hash)) this.held.add(hash);
      else refused.add(hash);
    }
    return { refused, sentBytes: blocks.reduce((total, { hash }) => total + (this.sent.get(hash) ?? 0), 0) };
  }
  async release(_user: UserId, hashes: readonly BlockHash[], _generation: number) {
    for (const hash of hashes) if (this.held.delete(hash)) this.leased.add(hash);
  }
}

class MemoryIntents implements IntentStore {
  intent: Intent | null = null;
  async read() {
    return this.intent;
  }
  async write(intent: Intent) {
    this.intent = intent;
  }
  async clear() {
    this.intent = null;
  }
}

export type World = {
  readonly user: UserId;
  readonly db: SqliteD1;
  readonly blocks: FakeBlockIndex;
  readonly bucket: MemoryBucket;
  readonly intents: MemoryIntents;
  readonly deps: CommitDeps;
  readonly reports: unknown[];
  /** ms since 1970, as the deps' clock says. */
  time: number;
  call(ops: readonly Op[], packs?: readonly Pack[]): CommitCall;
  /** Commits and expects an answer that is not a refusal. */
  commit(ops: readonly Op[], packs?: readonly Pack[], deps?: Partial<CommitDeps>): Promise<CommitResponse>;
};

export async function newWorld({ quotaBytes = 1e9 }: { quotaBytes?: number } = {}): Promise<World> {
  const db = sqliteD1("meta");
  const user = newUser();
  await ensureNamespace(db, { user, epoch, now: 1, quotaBytes });
  const blocks = new FakeBlockIndex();
  const bucket = memoryBucket(undefined, { now: () => world.time });
  const intents = new MemoryIntents();
  const reports: unknown[] = [];
  const deps: CommitDeps = {
    db,
    blocks,
    bucket,
    intents,
    sha256,
    clock: { now: () => world.time },
    sleep: async () => {},
    report: (_message, cause) => reports.push(cause),
  };
  const world: World = {
    user,
    db,
    blocks,
    bucket,
    intents,
    deps,
    reports,
    time: 5000,
    call: (ops, packs = []) => ({ user, device: deviceA, shard: 0, ops, packs, pushInline: [] }),
    async commit(ops, packs = [], changed = {}) {
      const { answer } = await commit({ ...deps, ...changed }, world.call(ops, packs));
      if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
      return answer.response;
    },
  };
  return world;
}

export { rootId };
