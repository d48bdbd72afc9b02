/** A delta that nobody has sent, for a device that was away too long for those that are kept: the server has both sides of it. */
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import type { DeltaBase } from "@ashlar/shared/delta/types";
import { toHex } from "@ashlar/shared/encoding";
import { blockBytesMax } from "@ashlar/shared/limits";
import { isWorthKeeping, type KeptDelta } from "./kept-deltas.ts";
import { type BlockPlace, readPlace } from "./nameable.ts";
import type { RebuildPorts } from "./rebuild.ts";

export type MadeDelta = { readonly kept: KeptDelta; readonly frame: Uint8Array };

/** Bytes in memory meanwhile, at most: all blocks, the frame, and a compressed block before it is one. */
export function makingBytes(bases: readonly BlockPlace[]): number {
  return (bases.length + 3) * blockBytesMax;
}

/**
 * Undefined if it would not pay, or the block cannot be read. Every block is compared with its name: a delta of damaged bytes
 * would be kept, and make the wrong block for every device that takes it.
 */
export async function makeDelta(ports: RebuildPorts, target: BlockPlace, bases: readonly BlockPlace[]): Promise<MadeDelta | undefined> {
  const [made, ...from] = await Promise.all([target, ...bases].map((place) => readVerified(ports, place)));
  const whole = from.filter((base) => base !== undefined);
  if (made === undefined || whole.length === 0) return undefined;
  const frame = ports.codec.encode(made.bytes, whole);
  if (!isWorthKeeping({ hash: made.hash, size: made.bytes.length }, frame.length)) return undefined;
  const used = readDeltaHeader(frame).bases.map(({ hash }) => hash);
  return used.length === 0 ? undefined : { kept: { target: made.hash, bases: used, size: frame.length }, frame };
}

async function readVerified(ports: RebuildPorts, place: BlockPlace): Promise<DeltaBase | undefined> {
  const block = await readPlace(ports, place);
  return block.state === "whole" && toHex(ports.sha256(block.bytes)) === place.hash ? { hash: place.hash, bytes: block.bytes } : undefined;
}
