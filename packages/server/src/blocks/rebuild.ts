/**
 * From a delta to the block that it makes. Bases are blocks that the sender has (I2): otherwise "copy all of that block" would
 * turn a known hash into its content. The block's SHA-256 is compared, so neither a wrong frame nor a damaged base can do harm (I1).
 */
import { toHex } from "@ashlar/shared/encoding";
import { type DeltaBase, type DeltaCodec, DeltaError, type DeltaHeader } from "@ashlar/shared/delta/types";
import type { BlockHash } from "@ashlar/shared/ids";
import { blockBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Sha256 } from "../ports.ts";
import { type BlockPlace, readPlace } from "./nameable.ts";
import type { BlockReadPorts } from "./read-block.ts";

export type RebuildPorts = BlockReadPorts & { readonly codec: DeltaCodec; readonly sha256: Sha256 };

/** A frame with its checked header, and the block that it was sent for. */
export type Delta = { readonly target: BlockHash; readonly header: DeltaHeader; readonly frame: Uint8Array };

/** The block's bytes, and the smallest frame known that makes them. */
export type Rebuilt = { readonly bytes: Uint8Array; readonly frame: Uint8Array };

/**
 * Bytes in memory while the block is made: what a gate counts. A base is as large as it is, whatever the frame says, and a
 * compressed one is there twice for a moment.
 */
export function rebuildBytes({ header, frame }: Delta): number {
  const bases = header.bases.map(({ size }) => (size > packBlockBytesMax ? blockBytesMax : packBlockBytesMax));
  return bases.reduce((total, bytes) => total + bytes, frame.length + header.size + blockBytesMax);
}

/** Throws a ProblemError `base-missing` with the bases that the user may not name: `places` are those that he may. */
export function requireBases(headers: readonly DeltaHeader[], places: ReadonlyMap<BlockHash, BlockPlace>): void {
  const missing = new Set(headers.flatMap(({ bases }) => bases.map(({ hash }) => hash)).filter((hash) => !places.has(hash)));
  if (missing.size > 0) throw new ProblemError("base-missing", undefined, { hashes: [...missing] });
}

/**
 * Throws a ProblemError `bad-delta` unless the frame makes exactly the block that it was sent for, and `base-missing` if a base has gone.
 * A frame that was made from signatures is made anew from the bytes, since it is the others who get to fetch it.
 */
export async function rebuild(
  ports: RebuildPorts,
  { target, header, frame }: Delta,
  places: ReadonlyMap<BlockHash, BlockPlace>,
): Promise<Rebuilt> {
  requireBases([header], places);
  const bases = await Promise.all(header.bases.map((base) => readBase(ports, places, base)));
  const bytes = inCodec(() =>
    ports.codec.decode(
      frame,
      bases.map((base) => base.bytes),
    ),
  );
  if (bytes.length !== header.size || toHex(ports.sha256(bytes)) !== target) {
    throw new ProblemError("bad-delta", `What the frame makes is not block ${target}.`);
  }
  if (!header.fromSignature) return { bytes, frame };
  const exact = inCodec(() => ports.codec.encode(bytes, bases));
  return { bytes, frame: exact.length < frame.length ? exact : frame };
}

async function readBase(ports: RebuildPorts, places: ReadonlyMap<BlockHash, BlockPlace>, { hash, size }: BlockRef): Promise<DeltaBase> {
  const place = places.get(hash);
  const block = place === undefined ? undefined : await readPlace(ports, place);
  if (block?.state !== "whole") throw new ProblemError("base-missing", `The block ${hash} cannot be read.`, { hashes: [hash] });
  if (block.bytes.length !== size) throw new ProblemError("bad-delta", `The block ${hash} has ${block.bytes.length} bytes, not ${size}.`);
  return { hash, bytes: block.bytes };
}

function inCodec(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DeltaError) throw new ProblemError("bad-delta", cause.message, { cause });
    throw cause;
  }
}
