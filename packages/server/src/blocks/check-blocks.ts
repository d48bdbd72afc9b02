/** What a user has to do for each block above the pack limit before a commit may name it. */
import type { UserId } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockState } from "@ashlar/shared/protocol/block";
import type { Clock } from "../ports.ts";
import type { Proofs } from "./proofs.ts";
import type { BlockIndex, BlockLookUp } from "./types.ts";

export type CheckPorts = {
  readonly index: BlockLookUp & Pick<BlockIndex, "protect">;
  readonly clock: Clock;
  /** Undefined: deduplication across users is left to the storage, and nobody is ever asked for a proof. */
  readonly proofs: Proofs | undefined;
  /** Sees to it that this is carried out, and keeps no answer waiting for it. */
  readonly afterwards: (work: Promise<void>) => void;
};

/**
 * In the order asked. Whoever asks about a block of which he knows no more than the name must not learn whether one other user
 * has it: neither by the answer nor by how long it takes. So what differs, the row that protects a block which is there, is
 * written after the answer. It may come late or not at all: a block that is gone by then is sent or proven again, and one that
 * is answered `have` is kept by this user's own hold or lease (I1).
 */
export async function checkBlocks(
  { index, clock, proofs, afterwards }: CheckPorts,
  user: UserId,
  blocks: readonly BlockRef[],
): Promise<BlockState[]> {
  if (blocks.length === 0) return [];
  const standing = await index.lookUp(
    user,
    blocks.map(({ hash }) => hash),
  );
  const now = clock.now();
  const states = blocks.map(({ hash }): BlockState => {
    const found = standing.get(hash) ?? { isMine: false, holders: 0 };
    if (found.isMine) return "have";
    const needed = proofs?.holdersNeeded(hash) ?? Number.POSITIVE_INFINITY;
    return proofs !== undefined && found.holders >= needed ? { prove: proofs.nonce({ user, hash, now }) } : "upload";
  });
  afterwards(
    index.protect(
      user,
      blocks.filter((_, at) => states[at] !== "have"),
    ),
  );
  return states;
}
