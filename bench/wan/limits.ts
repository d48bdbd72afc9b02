/** What a line allows at best. */
import { limitSeconds } from "../link/limit.ts";
import type { Prepared } from "./cases.ts";
import type { Lanes } from "./session.ts";

/**
 * In seconds; 0 where nothing has to travel. Half a round trip there and half of one on, or back. A server between the two can hand on
 * what arrives while it arrives, so that a second link costs no time.
 */
export function limitOf({ bytes, isTouch }: Pick<Prepared, "bytes" | "isTouch">, lanes: Lanes): number {
  return isTouch === true ? 0 : limitSeconds({ upBytes: bytes, downBytes: 0, roundTrips: 1 }, lanes);
}
