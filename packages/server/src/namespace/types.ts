/** What the API Worker and the user's Durable Object say to each other. Plain data: RPC loses classes. */
import type { CommitResponse, Op } from "@ashlar/shared/protocol/commit";
import type { ProblemCode } from "@ashlar/shared/protocol/problem";
import type { BlockHash, DeviceId, OpId, UserId } from "@ashlar/shared/ids";
import type { ManifestPatch } from "@ashlar/shared/manifest-patch";
import type { KeptDelta } from "../blocks/kept-deltas.ts";
import type { Pack } from "../blocks/types.ts";

/** Content of a small block, for the other devices; `data` is base64url. */
export type PushInline = { readonly hash: BlockHash; readonly data: string };

/** A delta's frame for the other devices; `data` is base64url. */
export type PushDelta = { readonly target: BlockHash; readonly data: string };
/** How many bytes came for a small block. */
export type SentBlock = { readonly hash: BlockHash; readonly bytes: number };

/** What an update was sent as. */
export type OpPatch = { readonly opId: OpId; readonly patch: ManifestPatch };

/** A commit whose inline blocks are stored already, verified, in `packs`. */
export type CommitCall = {
  readonly user: UserId;
  readonly device: DeviceId;
  /** Number of the meta shard with this user's namespace. */
  readonly shard: number;
  readonly ops: readonly Op[];
  readonly packs: readonly Pack[];
  /** What the content of small blocks came as, inline or as frames of deltas. */
  readonly inlineSent?: readonly SentBlock[];
  /** Some of the inline blocks once more, and frames, the smallest: `pushInlineBytesMax` in all. */
  readonly pushInline: readonly PushInline[];
  readonly pushDeltas?: readonly PushDelta[];
  /** Deltas whose objects are stored, to be written down. */
  readonly deltas?: readonly KeptDelta[];
  /** Of those operations that came with one; their manifests are in `ops`. */
  readonly patches?: readonly OpPatch[];
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
