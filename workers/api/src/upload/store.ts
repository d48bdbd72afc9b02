/** Where verified bytes of one block go. */
import { randomBytes } from "@ashlar/durable-objects/crypto";
import { storePack } from "@ashlar/server/blocks/packs";
import { haveSmallBlocks, recordPack } from "@ashlar/server/blocks/small-blocks";
import { type CompressedBlock, storeBlock } from "@ashlar/server/blocks/store-block";
import type { BlockRef } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Env, indexShards, metaShard } from "../env.ts";
import type { Identity } from "../http/access-token.ts";

/** Seconds after which a block that is being collected can be sent again. */
const collectionRetryS = 10;
const clock = { now: Date.now };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A compressed form that came, and the bytes that travelled where that was neither it nor the block. */
export type HowSent = { readonly compressed?: CompressedBlock | undefined; readonly sentBytes?: number };

export async function storeLarge(
  env: Env,
  { user }: Identity,
  block: BlockRef,
  bytes: Uint8Array,
  { compressed, sentBytes }: HowSent = {},
): Promise<void> {
  const ports = { shards: indexShards(env), bucket: env.BLOCKS, clock, sleep };
  const outcome = await storeBlock(ports, user, block, bytes, compressed, sentBytes);
  if (outcome.type === "being-deleted") {
    throw new ProblemError("try-again", "This block is just being collected: send it again shortly.", { retryAfterS: collectionRetryS });
  }
}

/** A small block on its own makes a pack of one. */
export async function storeSmall(env: Env, { user, shard }: Identity, block: BlockRef, bytes: Uint8Array): Promise<void> {
  const ports = { db: metaShard(env, shard), clock };
  const have = await haveSmallBlocks(ports, user, [block.hash]);
  if (have.has(block.hash)) return;
  await recordPack(ports, user, await storePack(env.BLOCKS, user, [{ ...block, bytes }], randomBytes));
}
