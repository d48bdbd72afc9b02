/** A block index, a bucket and a key, with short ways to what a client does. */
import type { UserId } from "@ashlar/shared/ids";
import type { BlockState } from "@ashlar/shared/protocol/block";
import { createBlockIndex } from "../../src/blocks/block-index.ts";
import { checkBlocks } from "../../src/blocks/check-blocks.ts";
import { proveBlock } from "../../src/blocks/prove-block.ts";
import { createProofs } from "../../src/blocks/proofs.ts";
import { storeBlock } from "../../src/blocks/store-block.ts";
import { toBase64Url } from "@ashlar/shared/encoding";
import { newUser, type TestBlock } from "./blocks.ts";
import { keyedMac, mac, manualClock, memoryBucket, noSleep, sha256, unzstd } from "./ports.ts";
import { recordedBucket, recordedDatabase } from "./recording.ts";
import { sqliteD1 } from "./sqlite-d1.ts";

export const proofOf = (nonce: string, bytes: Uint8Array): string => toBase64Url(keyedMac(nonce, bytes));
export const nonceIn = (state: BlockState | undefined): string => {
  if (typeof state !== "object") throw new Error(`no proof is asked for: ${state}`);
  return state.prove;
};

export function provingWorld() {
  const db = sqliteD1("blocks");
  const bucket = memoryBucket();
  const clock = manualClock();
  const proofs = createProofs(mac);
  /** What was asked of database and bucket. */
  const log: unknown[] = [];
  const shards = [recordedDatabase(db, log)];
  const recorded = recordedBucket(bucket, log);
  const index = createBlockIndex({ shards, clock });
  const put = (user: UserId, block: TestBlock) => storeBlock({ shards, bucket: recorded, clock, sleep: noSleep }, user, block, block.bytes);
  /** A new user whose namespace refers to the block. */
  const newHolder = async (block: TestBlock): Promise<UserId> => {
    const user = newUser();
    await put(user, block);
    await index.hold(user, [block], 0);
    return user;
  };

  return {
    db,
    bucket,
    clock,
    proofs,
    log,
    index,
    put,
    /** Answers, and has done by then what is left for afterwards, without writing that down. */
    check: async (user: UserId, blocks: readonly TestBlock[], dedup: "on" | "storage" = "on"): Promise<BlockState[]> => {
      const later: Promise<void>[] = [];
      const afterwards = (work: Promise<void>) => void later.push(work);
      const states = await checkBlocks({ index, clock, proofs: dedup === "on" ? proofs : undefined, afterwards }, user, blocks);
      const answered = log.length;
      await Promise.all(later);
      log.length = answered;
      return states;
    },
    prove: (user: UserId, { hash }: TestBlock, nonce: string, proof: string) =>
      proveBlock({ shards, bucket: recorded, unzstd, clock, sha256, keyedMac, proofs }, user, { hash, nonce, proof }),
    newHolder,
    newHolders: async (count: number, block: TestBlock): Promise<void> => {
      for (let made = 0; made < count; made++) await newHolder(block);
    },
  };
}
