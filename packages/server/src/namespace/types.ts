/** What the API Worker and the user's Durable Object say to each other. Plain data: RPC loses classes. */
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import type { CommitResponse, Op } from "@ashlar/shared/protocol/commit";
import type { ProblemCode } from "@ashlar/shared/protocol/problem";
import type { BlockHash, DeviceId, UserId } from "@ashlar/shared/ids";
import type { Pack } from "../blocks/types.ts";

/** Content of a small block, for the other devices; `data` is base64url. */
export type PushInline = { readonly hash: BlockHash; readonly data: string };

/** A commit whose inline blocks are stored already, verified, in `packs`. */
export type CommitCall = {
  readonly user: UserId;
  readonly device: DeviceId;
  /** Number of the meta shard with this user's namespace. */
  readonly shard: number;
  readonly ops: readonly Op[];
  readonly packs: readonly Pack[];
  /** The inline blocks once more, when their sum is at most `pushInlineBytesMax`; else empty. */
  readonly pushInline: readonly PushInline[];
};

export type CommitRefusal = {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly detail: string;
  /** For `block-missing`: some of the blocks to send. */
  readonly hashes?: readonly string[];
  readonly retryAfterS?: number;
};

export type CommitAnswer = { readonly ok: true; readonly response: CommitResponse } | CommitRefusal;

/** Signed addresses of blocks for this user's devices; a block he has no version of is left out. */
export type Locate = (user: UserId, hashes: readonly BlockHash[]) => Promise<BlockLocation[]>;
