/** A user of a namespace world whom the collector tends. */
import { packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { packKey } from "../../src/blocks/packs.ts";
import { tend, type TendBounds } from "../../src/collect/tend/tend.ts";
import type { TendDeps } from "../../src/collect/tend/types.ts";
import { newBlock, type TestBlock } from "./blocks.ts";
import { expectInvariants } from "./invariants.ts";
import { block, createOp, deleteOp, newNode, packOf, rootId, updateOp, type World } from "./namespace-world.ts";
import { randomBytes } from "./ports.ts";

export const bounds: TendBounds = { changes: 1000, versions: 100, nodes: 100, manifestChars: 4_000_000, packs: 100, rewrites: 20 };
export const large = (seed: string) => block(seed, packBlockBytesMax + 1);
export const day = 86_400_000;

export const depsOf = (world: World): TendDeps => ({ ...world.deps, bucket: world.bucket, random: randomBytes });
export const callOf = (world: World, dryRun = false) => ({ user: world.user, shard: 0, now: world.time, dryRun });
export const tendNow = (world: World, some = bounds, dryRun = false) => tend(depsOf(world), callOf(world, dryRun), some);

/** The world's rows with the journal left out: its prefix has gone, and the check wants all of it. */
export function expectRowsRight(world: World): void {
  world.db.raw.prepare("DELETE FROM changes").run();
  world.db.raw.prepare("UPDATE namespaces SET seq = 0").run();
  expectInvariants(world);
}

export const count = (world: World, table: string): number =>
  Number(world.db.raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);

/** A file with a first version of old blocks, and a second of new ones. */
export async function edited(world: World, before: readonly BlockRef[], after: readonly BlockRef[]) {
  const file = newNode();
  world.blocks.upload(...[...before, ...after].filter(({ size }) => size > packBlockBytesMax));
  const small = [...before, ...after].filter(({ size }) => size <= packBlockBytesMax);
  const packs = small.length === 0 ? [] : [packOf(...small)];
  for (const pack of packs) world.bucket.objects.set(packKey(world.user, pack.id), new Uint8Array(pack.size));
  await world.commit([createOp(file, rootId, `file ${file}`, before)], packs);
  await world.commit([updateOp(file, 1, after)]);
  return { file, packs };
}

/** Ports whose calls are counted; the one of that number fails, before or after it happens, and so do all that follow. */
export function cutPorts(world: World, at: number, fault: "before" | "after"): TendDeps & { calls: string[] } {
  const calls: string[] = [];
  const through = async <Result>(name: string, happen: () => Promise<Result>): Promise<Result> => {
    calls.push(name);
    if (calls.length > at || (calls.length === at && fault === "before")) throw new Error("the process is gone");
    const result = await happen();
    if (calls.length === at) throw new Error("the process is gone");
    return result;
  };
  const { db, blocks, bucket, intents } = world;
  return {
    ...depsOf(world),
    calls,
    db: { prepare: (sql) => db.prepare(sql), batch: (statements) => through("batch", () => db.batch(statements)) },
    blocks: {
      have: (user, hashes) => blocks.have(user, hashes),
      protect: () => blocks.protect(),
      hold: (user, refs, generation) => through("hold", () => blocks.hold(user, refs, generation)),
      release: (user, hashes, generation) => through("release", () => blocks.release(user, hashes, generation)),
    },
    bucket: {
      ...bucket,
      put: (key, body) => through("put", () => bucket.put(key, body)),
      delete: (keys) => through("delete", () => bucket.delete(keys)),
    },
    intents: {
      read: () => through("read", () => intents.read()),
      write: (intent) => through("write", () => intents.write(intent)),
      clear: () => through("clear", () => intents.clear()),
    },
  };
}

/** A pack whose bytes are real, and files of its blocks; all but the last `live` are deleted 30 days before now. */
export async function packed(world: World, sizes: readonly number[], live: number) {
  const blocks: TestBlock[] = sizes.map((size) => newBlock(size));
  const pack = packOf(...blocks);
  world.bucket.objects.set(packKey(world.user, pack.id), Buffer.concat(blocks.map(({ bytes }) => bytes)));
  const files = blocks.map((ref) => ({ ref, node: newNode() }));
  await world.commit(
    files.map(({ ref, node }) => createOp(node, rootId, node, [ref])),
    [pack],
  );
  const dying = files.slice(0, files.length - live);
  await world.commit(dying.map(({ node }) => deleteOp(node, 1)));
  return { pack, blocks, key: packKey(world.user, pack.id) };
}
