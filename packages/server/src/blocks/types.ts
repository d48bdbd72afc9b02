import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";

/**
 * The shared index of blocks above the pack limit, over its shards. A holder row means that this user has sent the bytes
 * (or proven them); with an expiry it is a lease, without one the user's namespace refers to the block (I2).
 */
export type BlockIndex = {
  /** Which of these this user may name in a commit: stored, and held or leased by him. */
  have(user: UserId, hashes: readonly BlockHash[]): Promise<Set<BlockHash>>;
  /** Keeps the blocks from collection for 72 hours, whoever has them; extends this user's leases likewise. */
  protect(user: UserId, blocks: readonly BlockRef[]): Promise<void>;
  /**
   * Turns this user's leases into holds, before the commit that needs them. Throws a
   * ProblemError `bad-manifest` if a block has another size than is said here: the caller releases what was held by then.
   *
   * `generation` is the namespace's as the commit saw it: what was released in a later one stays released, however late this
   * call arrives.
   */
  hold(user: UserId, blocks: readonly BlockRef[], generation: number): Promise<Held>;
  /**
   * Turns holds back into leases of 72 hours: after an undone commit, or with the last reference gone. `generation` is the one
   * that the namespace has entered for it: what is held in it or later stays held, however late this call arrives.
   */
  release(user: UserId, hashes: readonly BlockHash[], generation: number): Promise<void>;
};

/** `refused` could not be held. `sentBytes` is what the user sent for the others, once each. */
export type Held = { readonly refused: ReadonlySet<BlockHash>; readonly sentBytes: number };

/** What else is asked of the index. */
export type BlockLookUp = {
  /** Those of the blocks that this user may name in a commit, with their sizes as stored, in no order. Writes nothing. */
  usable(user: UserId, hashes: readonly BlockHash[]): Promise<BlockRef[]>;
  /** How the user stands to each of these; his leases are extended to 72 hours from now, and nothing else is written. */
  lookUp(user: UserId, hashes: readonly BlockHash[]): Promise<Map<BlockHash, Standing>>;
};

/** `isMine`: this user may name the block in a commit. `holders`: whose namespaces refer to it; 0 for one that is not stored. */
export type Standing = { readonly isMine: boolean; readonly holders: number };

/** A small block in a pack of its user. */
export type PackedBlock = BlockRef & { readonly offset: number };
/** One R2 object with the small blocks of one commit or upload, at `p/<user>/<id>`. */
export type Pack = { readonly id: PackId; readonly size: number; readonly blocks: readonly PackedBlock[] };
