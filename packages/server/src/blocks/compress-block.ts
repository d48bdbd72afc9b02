/**
 * The form in which a block is stored, which follows from its bytes alone: in whichever form it came, as it is or compressed by whom
 * and how, it ends as the same object. A form that were its sender's would tell all who have the block that somebody else sent it.
 */
import { toHex } from "@ashlar/shared/encoding";
import type { Compress, Sha256 } from "../ports.ts";
import type { CompressedBlock } from "./store-block.ts";

/** Spread over the block, so that the head of a container or a run of zeros does not speak for all of it. */
const samples = 4;
const sampleBytes = 8 * 1024;
/** Above this share the samples say that the block is compressed already, as photographs and archives are. */
const compressedShareMax = 0.97;
const trialLevel = 1;
/** Several hundred MiB a second; higher ones save a few per cent for several times the work. */
const storedLevel = 3;

export type CompressPorts = { readonly compress: Compress; readonly sha256: Sha256 };

/** Undefined for a block that is stored as it is. */
export async function compressBlock({ compress, sha256 }: CompressPorts, bytes: Uint8Array): Promise<CompressedBlock | undefined> {
  const sample = sampleOf(bytes);
  if ((await compress(sample, trialLevel)).length > sample.length * compressedShareMax) return undefined;
  const frame = await compress(bytes, storedLevel);
  return frame.length < bytes.length ? { bytes: frame, sha256: toHex(sha256(frame)) } : undefined;
}

function sampleOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= samples * sampleBytes) return bytes;
  const step = Math.floor((bytes.length - sampleBytes) / (samples - 1));
  const sample = new Uint8Array(samples * sampleBytes);
  for (let index = 0; index < samples; index++) {
    sample.set(bytes.subarray(index * step, index * step + sampleBytes), index * sampleBytes);
  }
  return sample;
}
