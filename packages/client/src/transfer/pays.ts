/** What is worth its cost on the wire (decision 0028). */
import { deltaSavedBytesMin, deltaShareMax } from "@ashlar/shared/limits";

/** Above this share the samples say that the block is compressed already, as photographs and archives are. */
const compressedShareMax = 0.97;

/** `blockBytes`: as the block would travel. */
export function deltaPays(frameBytes: number, blockBytes: number): boolean {
  return frameBytes <= deltaShareMax * blockBytes && blockBytes - frameBytes >= deltaSavedBytesMin;
}

export function compressionPays(trialShare: number): boolean {
  return trialShare <= compressedShareMax;
}
