/** What is worth its cost on the wire (decision 0028). */
import { deltaSavedBytesMin } from "@ashlar/shared/limits";

/** A delta costs the server its bases, so it has to be clearly shorter than the block, as that would travel. */
const deltaShareMax = 0.8;
/** Above this share the samples say that the block is compressed already, as photographs and archives are. */
const compressedShareMax = 0.97;

export function deltaPays(frameBytes: number, blockBytes: number): boolean {
  return frameBytes <= deltaShareMax * blockBytes && blockBytes - frameBytes >= deltaSavedBytesMin;
}

export function compressionPays(trialShare: number): boolean {
  return trialShare <= compressedShareMax;
}
