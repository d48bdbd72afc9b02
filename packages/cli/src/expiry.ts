/** Times to come as people write them: `45m`, `12h`, `7d`, `2w`. */
import { InvalidArgumentError } from "commander";

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/** ms since 1970, as is `now`. Throws an InvalidArgumentError for anything else. */
export function parseExpiry(text: string, now: number): number {
  const [, count, unit = ""] = /^([1-9]\d{0,3})\s*([mhdw])$/i.exec(text.trim()) ?? [];
  const ms = unitMs[unit.toLowerCase()];
  if (count === undefined || ms === undefined) throw new InvalidArgumentError("It must be a time such as 12h, 7d or 2w.");
  return now + Number(count) * ms;
}
