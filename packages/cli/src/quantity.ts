/** Numbers for people. */

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 0 B, 999 B, 1.5 KiB, 12 MiB: two digits are enough to judge by. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** 5 s, 2 min 5 s, 3 h 20 min. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function countText(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Local time, to the second, sortable: 2026-11-22 14:03:09. */
export function timeText(ms: number): string {
  return new Date(ms).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "medium" });
}
