import { reconnectMsMax, reconnectMsMin } from "@ashlar/shared/limits";
import type { RandomBytes } from "../ports.ts";

/** A number from 0 up to 1, to 32 bits. */
function fraction(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return ((a << 24) | (b << 16) | (c << 8) | d) / 2 ** 32 + 0.5;
}

/**
 * Milliseconds to wait after so many failures in a row (1 or more): anything from nothing to a ceiling that doubles from
 * 0.5 s to 30 s. The whole range is used ("full jitter"), so that devices that lost the same server come back spread out.
 */
export function fullJitterMs(failures: number, random: RandomBytes): number {
  const ceiling = Math.min(reconnectMsMax, reconnectMsMin * 2 ** Math.min(failures - 1, 16));
  return Math.floor(fraction(random) * ceiling);
}
