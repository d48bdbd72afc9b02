/** What a line allows at best. */
import { limitSeconds } from "../link/limit.ts";
import type { Prepared } from "./cases.ts";
import type { Lanes } from "./session.ts";

/** Half a round trip there and half of one on, or back; bytes go into each link that they pass once. */
export function limitsOf({ bytes, isTouch }: Prepared, lanes: Lanes, throughServer: boolean): { up: number; all: number } {
  if (isTouch === true) return { up: 0, all: 0 };
  const up = limitSeconds({ upBytes: bytes, downBytes: 0, roundTrips: 1 }, lanes);
  const down = throughServer ? limitSeconds({ upBytes: 0, downBytes: bytes, roundTrips: 0 }, lanes) : 0;
  return { up, all: up + down };
}
