/** Moments as people write them, in local time: `2h`, `yesterday 14:00`, `2026-11-22T14:00`. */
import { InvalidArgumentError } from "commander";

const agoMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

export const momentHelp = "a time such as 2h or 3d (ago), 14:00, yesterday 14:00, or 2026-11-22T14:00";

/** ms since 1970. Throws an InvalidArgumentError for what is no moment, or not in the past. `now` is ms since 1970. */
export function parseMoment(text: string, now: number): number {
  const moment = agoOf(text, now) ?? dayOf(text, now) ?? dateOf(text);
  if (moment === undefined || Number.isNaN(moment)) throw new InvalidArgumentError(`It must be ${momentHelp}.`);
  if (moment > now) throw new InvalidArgumentError("It lies in the future.");
  return moment;
}

function agoOf(text: string, now: number): number | undefined {
  const [, count, unit = ""] = /^(\d{1,6})\s*(s|m|min|h|d|w)(?:\s+ago)?$/i.exec(text.trim()) ?? [];
  const ms = agoMs[unit.toLowerCase()];
  return count === undefined || ms === undefined ? undefined : now - Number(count) * ms;
}

const time = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?`;
const dayPattern = new RegExp(`^(?:(today|yesterday)(?:\\s+${time})?|${time})$`, "i");
const datePattern = new RegExp(`^(\\d{4})-(\\d{2})-(\\d{2})(?:[T ]${time})?$`, "i");

function dayOf(text: string, now: number): number | undefined {
  const found = dayPattern.exec(text.trim());
  if (found === null) return undefined;
  const [, day, ...clock] = found;
  const at = new Date(now);
  const date = at.getDate() - (day?.toLowerCase() === "yesterday" ? 1 : 0);
  return localTime(at.getFullYear(), at.getMonth(), date, day === undefined ? clock.slice(4) : clock.slice(0, 4));
}

function dateOf(text: string): number | undefined {
  const found = datePattern.exec(text.trim());
  // With a zone it says itself what it means.
  if (found === null) return /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:?\d{2})$/i.test(text.trim()) ? Date.parse(text.trim()) : undefined;
  const [, year, month, day, ...clock] = found;
  const moment = localTime(Number(year), Number(month) - 1, Number(day), clock);
  // 31 November would be 1 December.
  return new Date(moment).getMonth() === Number(month) - 1 ? moment : undefined;
}

function localTime(year: number, month: number, day: number, clock: readonly (string | undefined)[]): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.slice(0, 3).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59) return Number.NaN;
  return new Date(year, month, day, hours, minutes, seconds, Number((clock[3] ?? "0").padEnd(3, "0"))).getTime();
}
