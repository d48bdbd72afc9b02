/** Quantities and moments as a person reads them. */
const units = ["bytes", "KB", "MB", "GB", "TB", "PB"] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: digits })} ${unit === 0 && bytes === 1 ? "byte" : units[unit]}`;
}

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const thisYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** As short as it can be: in a column of dates, most are of this year. */
export function dateText(ms: number, nowMs: number): string {
  const date = new Date(ms);
  const now = new Date(nowMs);
  if (date.toDateString() === now.toDateString()) return `Today ${time.format(date)}`;
  return date.getFullYear() === now.getFullYear() ? `${thisYear.format(date)} ${time.format(date)}` : day.format(date);
}

/** A day as YYYY-MM-DD, of no place in particular, for an axis. */
const ofAxis = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
export const dayText = (date: string): string => ofAxis.format(new Date(`${date}T00:00:00Z`));

export const momentText = (ms: number): string => whole.format(new Date(ms));

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
export function agoText(ms: number, nowMs: number): string {
  const seconds = Math.round((ms - nowMs) / 1000);
  if (Math.abs(seconds) < 60) return "just now";
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

export const countText = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString()} ${count === 1 ? one : many}`;
