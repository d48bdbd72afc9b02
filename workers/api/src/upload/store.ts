/** Where verified bytes of one block go. */
import { randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { compress } from "@ashlar/durable-objects/zstd";
import { compressBlock } from "@ashlar/server/blocks/compress-block";
import { storePack } from "@ashlar/server/blocks/packs";
import { haveSmallBlocks, recordPack } from "@ashlar/server/blocks/small-blocks";
import { storeBlock } from "@ashlar/server/blocks/store-block";
import type { BlockRef } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Env, indexShards, metaShard } from "../env.ts";
import type { Identity } from "../http/access-token.ts";

/** Seconds after which a block that is being collected can be sent again. */
const collectionRetryS = 10;
const clock = { now: Date.now };
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** `sentBytes` is what travelled: of the block, of a frame, or of a delta. */
export async function storeLarge(env: Env, { user }: Identity, block: BlockRef, bytes: Uint8Array, sentBytes: number): Promise<void> {
  const compressed = await compressBlock({ compress, sha256 }, bytes);
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
