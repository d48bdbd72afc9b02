import { createBlockIndex } from "@ashlar/server/blocks/block-index";
import { packKey, storePack } from "@ashlar/server/blocks/packs";
import { blockKey, storeBlock } from "@ashlar/server/blocks/store-block";
import type { Pack } from "@ashlar/server/blocks/types";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema, type DeviceId, type Epoch, newId, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import { historyMs, leaseMs, packBlockBytesMax, prolongedMs } from "@ashlar/shared/limits";
import { type BlockRef, encodeManifest } from "@ashlar/shared/manifest";
import type { Op } from "@ashlar/shared/protocol/commit";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import collector from "../src/index.ts";

const hour = 3_600_000;
const minute = 60_000;
const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
const noSleep = () => Promise.reject(new Error("nothing to wait for"));
const shards = [env.INDEX_0, env.INDEX_1];

/** What the collector runs as of that time, as its cron would. */
async function collectAt(time: number, cron = "17 * * * *"): Promise<void> {
  await collector.scheduled(createScheduledController({ scheduledTime: new Date(time), cron }), env);
}

type LastRun = { kind: string; deleted: number; errors: number; details: string };
async function lastRun(): Promise<LastRun> {
  const row = await env.DIRECTORY.prepare("SELECT * FROM gc_runs ORDER BY started_at DESC, finished_at DESC LIMIT 1").first<LastRun>();
  if (row === null) throw new Error("no run was recorded");
  return row;
}

function newBlock(size: number) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return { hash: blockHashSchema.parse(createHash("sha256").update(bytes).digest("hex")), size, bytes };
}
type TestBlock = ReturnType<typeof newBlock>;
const newLarge = () => newBlock(packBlockBytesMax + 1);

/** A user whose device goes by a clock of its own; the commits' times are the platform's. */
class User {
  readonly id = newId<UserId>(randomBytes);
  readonly device = newId<DeviceId>(randomBytes);

  static async create(): Promise<User> {
    const user = new User();
    await ensureNamespace(env.META_1, { user: user.id, epoch: newId<Epoch>(randomBytes), now: Date.now(), quotaBytes: 1e12 });
    return user;
  }

  async store(block: TestBlock, time: number): Promise<void> {
    await storeBlock({ shards, bucket: env.BLOCKS, clock: { now: () => time }, sleep: noSleep }, this.id, block, block.bytes);
  }

  async protect(block: TestBlock, time: number): Promise<void> {
    await createBlockIndex({ shards, clock: { now: () => time } }).protect(this.id, [block]);
  }

  async commit(ops: readonly Op[], packs: readonly Pack[] = []): Promise<void> {
    const call: CommitCall = { user: this.id, device: this.device, shard: 1, ops, packs, pushInline: [] };
    // The collector's own type of the object has no commits.
    const object = env.USER_SYNC.getByName(this.id) as unknown as { commit(call: CommitCall): Promise<CommitAnswer> };
    const answer = await object.commit(call);
    if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
    if (answer.response.results.some(({ status }) => status !== "applied")) throw new Error("an operation conflicts");
  }
}

const content = (blocks: readonly BlockRef[]) => ({
  manifest: encodeManifest(blocks),
  size: blocks.reduce((total, { size }) => total + size, 0),
  mtimeMs: 0,
  mode: 0o644,
});
const opId = () => newId<OpId>(randomBytes);
const createOp = (node: NodeId, blocks: readonly BlockRef[]): Op => ({
  op: "create",
  opId: opId(),
  node,
  parent: rootId,
  name: node,
  kind: "file",
  ...content(blocks),
});
const updateOp = (node: NodeId, baseRev: number, blocks: readonly BlockRef[]): Op => ({
  op: "update",
  opId: opId(),
  node,
  baseRev,
  ...content(blocks),
});

const hasObject = async ({ hash }: TestBlock) => (await env.BLOCKS.head(blockKey(hash))) !== null;
const rowOf = (table: string, where: string, value: string) =>
  env.META_1.prepare(`SELECT * FROM ${table} WHERE ${where} = ?`).bind(value).first();

async function addDevice(device: string, expiresAt: number): Promise<void> {
  await env.DIRECTORY.prepare(
    `INSERT INTO devices (user_id, device_id, name, created_at, last_seen_at, family_hash, current_hash, rotated_at, expires_at)
     VALUES ('collected', ?1, 'laptop', 0, 0, 'f', 'c', 0, ?2)`,
  )
    .bind(device, expiresAt)
    .run();
}

describe("a scheduled event", () => {
  it("A11 makes the collector forget a device whose refresh token has expired, as of the time of the event", async () => {
    const now = Date.now();
    await addDevice("expired", now - 1);
    await addDevice("good", now + hour);
    await collectAt(now);
    const { results } = await env.DIRECTORY.prepare("SELECT device_id FROM devices WHERE user_id = 'collected'").all();
    expect(results).toEqual([{ device_id: "good" }]);
  });

  it("Q1 a block is there 71 hours and 59 minutes after it was stored, and gone after 72", async () => {
    const [user, start, block] = [await User.create(), Date.now(), newLarge()];
    await user.store(block, start);
    await collectAt(start + leaseMs - minute);
    expect(await hasObject(block)).toBe(true);
    await collectAt(start + leaseMs);
    expect(await hasObject(block)).toBe(false);
    const run = await lastRun();
    expect(run).toMatchObject({ kind: "collect", errors: 0 });
    expect(run.deleted).toBeGreaterThanOrEqual(1);
  });

  it("Q1 a block that was used again, named, or sent after 71 hours stays", async () => {
    const [user, start] = [await User.create(), Date.now()];
    const [committed, named, sent] = [newLarge(), newLarge(), newLarge()];
    for (const block of [committed, named, sent]) await user.store(block, start);
    await user.commit([createOp(newId<NodeId>(randomBytes), [committed])]);
    await user.protect(named, start + 71 * hour);
    await user.store(sent, start + 71 * hour);
    await collectAt(start + leaseMs);
    expect(await Promise.all([committed, named, sent].map(hasObject))).toEqual([true, true, true]);
    await collectAt(start + 71 * hour + leaseMs + prolongedMs);
    expect(await Promise.all([committed, named, sent].map(hasObject))).toEqual([true, false, false]);
  });

  it("Q20 a version is kept for 30 days after another took over; then its blocks are leased, and go 72 hours later", async () => {
    const [user, node, start] = [await User.create(), newId<NodeId>(randomBytes), Date.now()];
    const [before, after, small] = [newLarge(), newLarge(), newBlock(100)];
    for (const block of [before, after]) await user.store(block, start);
    const pack = await storePack(env.BLOCKS, user.id, [small], randomBytes);
    await user.commit([createOp(node, [before, small])], [pack]);
    await user.commit([updateOp(node, 1, [after])]);
    const superseded = Date.now();

    await collectAt(start + historyMs - minute);
    expect(await rowOf("user_blocks", "hash", before.hash)).toMatchObject({ refs: 1 });
    // Users are looked through once a day.
    const expired = superseded + historyMs + 25 * hour;
    await collectAt(expired);
    expect(await rowOf("user_blocks", "hash", before.hash)).toBeNull();
    expect(await rowOf("packs", "pack_id", pack.id)).toMatchObject({ live_bytes: 0, delete_after: expired + leaseMs });
    expect(await hasObject(before)).toBe(true);

    await collectAt(expired + leaseMs - minute);
    expect(await hasObject(before)).toBe(true);
    await collectAt(expired + leaseMs + 25 * hour);
    expect([await hasObject(before), await hasObject(after)]).toEqual([false, true]);
    expect(await rowOf("packs", "pack_id", pack.id)).toBeNull();
    expect(await env.BLOCKS.head(packKey(user.id, pack.id))).toBeNull();
  });

  it("Q40 Q41 a rotten block is found, marked, reported, and healed by who sends it", async () => {
    const [user, block] = [await User.create(), newLarge()];
    await user.store(block, Date.now());
    await user.commit([createOp(newId<NodeId>(randomBytes), [block])]);
    await env.BLOCKS.put(blockKey(block.hash), new Uint8Array(block.size - 1));
    const stateOf = async () =>
      (await Promise.all(shards.map((db) => db.prepare("SELECT state FROM blocks WHERE hash = ?").bind(block.hash).first("state")))).find(
        (state) => state !== null,
      );
    // Each run looks at a part; from the start of the hashes on, one of the next two has come by.
    await collectAt(Date.now());
    await collectAt(Date.now());
    expect(await stateOf()).toBe("damaged");
    await user.store(block, Date.now());
    expect(await stateOf()).toBe("stored");
    const object = await env.BLOCKS.get(blockKey(block.hash));
    const bytes = new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer());
    expect(toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))).toBe(block.hash);
  });

  it("Q51 a plan is told and changes nothing", async () => {
    const [user, start, block] = [await User.create(), Date.now(), newLarge()];
    await user.store(block, start);
    await collectAt(start + leaseMs, "plan");
    expect(await hasObject(block)).toBe(true);
    expect(await lastRun()).toMatchObject({ kind: "plan", deleted: 0 });
  });
});
