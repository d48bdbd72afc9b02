/** Whatever the watches say: they can be silent for reasons that they do not know themselves, so now and then everything is looked at. */

export const fullScanMsMin = 10 * 60 * 1000;
const fullScanMsMax = 60 * 60 * 1000;
/** At most one part in so many of the time goes into it. */
const timesItsLength = 2000;

/**
 * From the end of one that took so long to the next. Folders without a watch of their own have nothing else that tells of them, nor
 * have those whose watches are silent, as on network disks: there the last scan found something.
 */
export function fullScanPauseMs(tookMs: number, { unwatched, found }: { unwatched: number; found: number }): number {
  if (unwatched > 0 || found > 0) return fullScanMsMin;
  return Math.min(fullScanMsMax, Math.max(fullScanMsMin, tookMs * timesItsLength));
}
