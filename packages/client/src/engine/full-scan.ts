/** Whatever the watches say: they can be silent for reasons that they do not know themselves, so now and then everything is looked at. */

export const fullScanMsMin = 10 * 60 * 1000;
const fullScanMsMax = 60 * 60 * 1000;
/** At most one part in so many of the time goes into it. */
const timesItsLength = 2000;

/** From the end of one that took so long to the next. Folders without a watch of their own have nothing else that tells of them. */
export function fullScanPauseMs(tookMs: number, unwatchedFolders: number): number {
  if (unwatchedFolders > 0) return fullScanMsMin;
  return Math.min(fullScanMsMax, Math.max(fullScanMsMin, tookMs * timesItsLength));
}
