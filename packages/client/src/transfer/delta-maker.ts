import { type DeltaBase, DeltaError, type SignedBase } from "@ashlar/shared/delta/types";
import type { BlockHash } from "@ashlar/shared/ids";
import { deltaBlockBytesMin, deltasAtOnceMax, packBlockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Join, shareWork } from "../common/abort.ts";
import { createBudget } from "../common/budget.ts";
import type { RelativePath } from "../ports.ts";
import type { LocalBlocks } from "./local-blocks.ts";
import type { TransferOptions } from "./options.ts";
import { deltaPays } from "./pays.ts";

/** A signature is some 12 KiB, and what it is asked for is seldom spread over more blocks than this. */
const signaturesMax = 2;
const signaturesKeptMax = 16;

export type DeltaSource = {
  /** Blocks that the server has from this user, the most likely first. */
  readonly bases: readonly BlockRef[];
  /** The file that the target is read from: it no longer has the old bytes. */
  readonly path: RelativePath;
  /** Asked when its turn has come. */
  readonly isWanted: () => boolean;
};

/** A frame that makes the target, when one can be had and pays; the target's bytes hold still until then. */
export type MakeDelta = (target: DeltaBase, source: DeltaSource, signal: AbortSignal) => Promise<Uint8Array | undefined>;

export type DeltaMakerOptions = Pick<TransferOptions, "edge" | "codec" | "compression"> & { readonly local: LocalBlocks };

export function createDeltaMaker({ edge, codec, compression, local }: DeltaMakerOptions): MakeDelta {
  const slots = createBudget(deltasAtOnceMax);
  /** An append makes several blocks of one old one. From the oldest to the newest. */
  const signatures = new Map<BlockHash, Join<Uint8Array>>();

  /** A large block would travel compressed, a small one as it is. */
  function bytesOnWire(bytes: Uint8Array): number {
    return bytes.length <= packBlockBytesMax ? bytes.length : bytes.length * Math.min(1, compression.trial(bytes));
  }

  /** Shared by the blocks that want it at about the same time, and kept a little. */
  function joinSignature(hash: BlockHash): Join<Uint8Array> {
    const forget = () => signatures.delete(hash);
    const join =
      signatures.get(hash) ??
      shareWork(async (signal) => {
        try {
          return await edge.signature(hash, signal);
        } catch (error) {
          forget();
          throw error;
        }
      }, forget);
    signatures.delete(hash);
    signatures.set(hash, join);
    const { value: oldest } = signatures.keys().next();
    if (signatures.size > signaturesKeptMax && oldest !== undefined) signatures.delete(oldest);
    return join;
  }

  async function signatureOf({ hash }: BlockRef, signal: AbortSignal): Promise<SignedBase | undefined> {
    try {
      return { hash, signature: await joinSignature(hash)(signal) };
    } catch (error) {
      // The server cannot, or will not: the block goes whole.
      if (error instanceof ProblemError) return undefined;
      throw error;
    }
  }

  async function fromBytes(target: DeltaBase, { bases, path }: DeltaSource): Promise<Uint8Array | undefined> {
    const found: DeltaBase[] = [];
    for (const base of bases) {
      const bytes = await local.find(base, path);
      if (bytes !== undefined) found.push({ hash: base.hash, bytes });
      // The most likely one is not here: the others would make a poor delta.
      else if (found.length === 0) return undefined;
    }
    return found.length === 0 ? undefined : codec.encode(target.bytes, found);
  }

  async function fromSignatures(target: DeltaBase, { bases }: DeltaSource, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const large = bases.filter(({ size }) => size > packBlockBytesMax).slice(0, signaturesMax);
    // For a small block the way to the server and back costs more than the block.
    if (target.bytes.length <= packBlockBytesMax || large.length === 0) return undefined;
    const signed = await Promise.all(large.map((base) => signatureOf(base, signal)));
    const found = signed.filter((base) => base !== undefined);
    return found.length === 0 ? undefined : codec.encodeFromSignatures(target.bytes, found);
  }

  return async (target, source, signal) => {
    if (source.bases.length === 0 || target.bytes.length < deltaBlockBytesMin) return undefined;
    const giveBack = await slots.take(1, signal);
    try {
      if (!source.isWanted()) return undefined;
      const frame = (await fromBytes(target, source)) ?? (await fromSignatures(target, source, signal));
      return frame !== undefined && deltaPays(frame.length, bytesOnWire(target.bytes)) ? frame : undefined;
    } catch (error) {
      if (error instanceof DeltaError) return undefined;
      throw error;
    } finally {
      giveBack();
    }
  };
}
