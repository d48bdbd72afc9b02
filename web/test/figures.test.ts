import { deviceIdSchema } from "@ashlar/shared/ids";
import type { Insights } from "@ashlar/shared/protocol/insights";
import { expect, it } from "vitest";
import { byDay, byDevice, latencyBuckets, latencyMedianText } from "../src/insights/figures.ts";
import { bytesText } from "../src/ui/format.ts";

const one = deviceIdSchema.parse("d111111111111111111111");
const other = deviceIdSchema.parse("d222222222222222222222");
const row = (day: string, device: typeof one, commits: number) => ({
  day,
  device,
  commits,
  fileBytes: 100 * commits,
  blockBytes: 10 * commits,
  sentBytes: commits,
});
const usage = { days: [row("2026-11-02", one, 1), row("2026-11-02", other, 2), row("2026-11-01", one, 4)] } as unknown as Insights["usage"];

it("WB80 the pictures show sums of what the server counted", () => {
  expect(byDay({ usage })).toEqual([
    { day: "2026-11-01", commits: 4, fileBytes: 400, blockBytes: 40, sentBytes: 4 },
    { day: "2026-11-02", commits: 3, fileBytes: 300, blockBytes: 30, sentBytes: 3 },
  ]);
  expect(byDevice({ usage, devices: [{ device: one, name: "laptop" }] }).map(({ name, commits }) => [name, commits])).toEqual([
    ["laptop", 5],
    ["A device that is gone", 2],
  ]);
  const buckets = latencyBuckets({
    push: {
      boundsMs: [50, 1600],
      days: [
        { day: "2026-11-01", counts: [1, 3, 0] },
        { day: "2026-11-02", counts: [0, 1, 1] },
      ],
    },
  });
  expect(buckets).toEqual([
    { label: "50 ms", count: 1 },
    { label: "1.6 s", count: 4 },
    { label: "longer", count: 1 },
  ]);
  expect(latencyMedianText(buckets)).toBe("1.6 s");
});

it("WB80 quantities are as short as they can be read", () => {
  expect([0, 1, 999, 1000, 12_345, 999_500, 5_000_000_000].map(bytesText)).toEqual([
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1 KB",
    "12.3 KB",
    "1 MB",
    "5 GB",
  ]);
});
