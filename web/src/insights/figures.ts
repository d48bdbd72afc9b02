/** From the server's rows to what the pictures show. */
import type { Insights } from "@ashlar/shared/protocol/insights";
import type { Traffic } from "@ashlar/shared/protocol/usage";

const none: Traffic = { commits: 0, fileBytes: 0, blockBytes: 0, sentBytes: 0 };

const sum = (a: Traffic, b: Traffic): Traffic => ({
  commits: a.commits + b.commits,
  fileBytes: a.fileBytes + b.fileBytes,
  blockBytes: a.blockBytes + b.blockBytes,
  sentBytes: a.sentBytes + b.sentBytes,
});

/** The oldest day first. Days without a commit are left out, as the server leaves them out. */
export function byDay({ usage }: Pick<Insights, "usage">): (Traffic & { readonly day: string })[] {
  const days = new Map<string, Traffic>();
  for (const row of usage.days) days.set(row.day, sum(days.get(row.day) ?? none, row));
  return [...days].map(([day, traffic]) => ({ ...traffic, day })).toSorted((a, b) => (a.day < b.day ? -1 : 1));
}

/** The busiest first. */
export function byDevice({ usage, devices }: Pick<Insights, "usage" | "devices">): (Traffic & { readonly name: string })[] {
  const names = new Map(devices.map(({ device, name }) => [device, name]));
  const totals = new Map<(typeof usage.days)[number]["device"], Traffic>();
  for (const row of usage.days) totals.set(row.device, sum(totals.get(row.device) ?? none, row));
  return [...totals]
    .map(([device, traffic]) => ({ ...traffic, name: names.get(device) ?? "A device that is gone" }))
    .toSorted((a, b) => b.commits - a.commits);
}

export type Bucket = { readonly label: string; readonly count: number };

/** Of all days together. */
export function latencyBuckets({ push }: Pick<Insights, "push">): Bucket[] {
  const counts = push.boundsMs.map(() => 0).concat(0);
  for (const day of push.days) day.counts.forEach((count, index) => (counts[index] = (counts[index] ?? 0) + count));
  return counts.map((count, index) => {
    const bound = push.boundsMs[index];
    return { label: bound === undefined ? "longer" : msText(bound), count };
  });
}

export function latencyMedianText(buckets: readonly Bucket[]): string {
  const half = buckets.reduce((total, { count }) => total + count, 0) / 2;
  let seen = 0;
  for (const { label, count } of buckets) {
    seen += count;
    if (seen >= half) return label;
  }
  return "longer";
}

const msText = (ms: number): string =>
  ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
