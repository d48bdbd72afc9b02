import type { BlockHash } from "../ids.ts";
import type { BlockRef } from "../manifest.ts";

/** A block with its bytes. */
export type DeltaBase = { readonly hash: BlockHash; readonly bytes: Uint8Array };
/** A block whose bytes are gone, with what `sign` made of them. */
export type SignedBase = { readonly hash: BlockHash; readonly signature: Uint8Array };

/** What a frame says of itself. */
export type DeltaHeader = {
  readonly target: BlockHash;
  readonly size: number;
  readonly bases: readonly BlockRef[];
  /** Made without the old bytes: one made with them would be smaller. */
  readonly fromSignature: boolean;
};

/** A frame that is malformed, hostile, or not for these bases. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
}

/** Deltas between blocks, see docs/DELTA.md. Every method works in bounded memory, whatever it is given. */
export type DeltaCodec = {
  /** A frame that makes the target from one to four bases, 16 MiB in all. */
  encode(target: DeltaBase, bases: readonly DeltaBase[]): Uint8Array;
  /** Rolling and strong checksums of the windows of a block: what {@link encodeFromSignatures} needs of a base. */
  sign(bytes: Uint8Array): Uint8Array;
  /** Like `encode`, when the old bytes are gone. Throws a DeltaError if a signature is none. */
  encodeFromSignatures(target: DeltaBase, bases: readonly SignedBase[]): Uint8Array;
  /** As many bytes as the frame declares; whoever calls this compares their SHA-256. Throws a DeltaError. */
  decode(frame: Uint8Array, bases: readonly Uint8Array[]): Uint8Array;
};
