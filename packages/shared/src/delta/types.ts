/** The delta codec: what both ends call (docs/DELTA.md has the bytes). */
import type { BlockHash } from "../ids.ts";
import type { BlockRef } from "../manifest.ts";

/** A block's bytes by name. The codec hashes nothing: who hands in both answers for them. */
export type DeltaBase = { readonly hash: BlockHash; readonly bytes: Uint8Array };
/** A block whose bytes are gone, by what {@link DeltaCodec.sign} made of them. */
export type SignedBase = { readonly hash: BlockHash; readonly signature: Uint8Array };

/** What a frame says of itself. It does not name what it makes: it travels, and is kept, under that name. */
export type DeltaHeader = {
  /** Of the target, in bytes. */
  readonly size: number;
  /** In the order in which the decoder takes their bytes. */
  readonly bases: readonly BlockRef[];
  /** Made without the bases' bytes: whoever has them can make a smaller one. */
  readonly fromSignature: boolean;
};

/** A frame or signature that is malformed, hostile, or does not fit the bases. The message says what is wrong. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
}

/** All methods run to their end at once; an instance keeps its memory, which is bounded, from call to call. */
export type DeltaCodec = {
  /**
   * A frame that makes `target` out of `bases`, byte-exact. Throws a RangeError unless there are 1 to 4 bases of 16 MiB in all, and
   * target and bases are blocks.
   */
  encode(target: Uint8Array, bases: readonly DeltaBase[]): Uint8Array<ArrayBuffer>;
  /** A checksum to roll and a truncated strong hash for each window of a block. */
  sign(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  /** As `encode`, from signatures; larger, since it finds whole windows only. Throws a DeltaError on a malformed signature. */
  encodeFromSignatures(target: Uint8Array, bases: readonly SignedBase[]): Uint8Array<ArrayBuffer>;
  /**
   * Bytes of exactly the declared size. That they are the target, only a comparison of their SHA-256 with its name tells.
   * Throws a DeltaError.
   */
  decode(frame: Uint8Array, bases: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
};
