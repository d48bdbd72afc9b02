/** The numbers of a month, which no account has on the day that it is made. */
import { deviceIdSchema } from "@ashlar/shared/ids";
import { type Insights, pushBoundsMs } from "@ashlar/shared/protocol/insights";

const MB = 1_000_000;
const dayMs = 24 * 60 * 60 * 1000;
const names = ["Mara's laptop", "Studio desktop", "Chrome on Android", null] as const;

export function aMonth(): Insights {
  const devices = names.map((name, index) => ({ device: deviceIdSchema.parse(`d${index}`.padEnd(22, "0")), name }));
  const dates = Array.from({ length: 30 }, (_, index) => new Date(Date.now() - index * dayMs).toISOString().slice(0, 10));
  const days = dates.flatMap((day, index) =>
    devices.flatMap(({ device }, at) => {
      const weight = ((index * 7 + at * 5) % 11) / (1 + at);
      if (weight < 1) return [];
      const fileBytes = Math.round(weight * 80 * MB);
      return [
        {
          day,
          device,
          commits: Math.round(weight * 9),
          fileBytes,
          blockBytes: Math.round(fileBytes / 4),
          sentBytes: Math.round(fileBytes / 19),
        },
      ];
    }),
  );
  const sum = (key: "commits" | "fileBytes" | "blockBytes" | "sentBytes") => days.reduce((total, row) => total + row[key], 0);
  const total = { commits: sum("commits"), fileBytes: sum("fileBytes"), blockBytes: sum("blockBytes"), sentBytes: sum("sentBytes") };
  return {
    usage: {
      quotaBytes: 1100 * 1000 * MB,
      current: { bytes: 84_300 * MB, files: 41_237, folders: 2_904 },
      history: { bytes: 12_700 * MB },
      storedBytes: 61_400 * MB,
      saved: {
        storedBytes: 35_600 * MB,
        sentBytes: { byBlocks: total.fileBytes - total.blockBytes, byDeltas: total.blockBytes - total.sentBytes },
      },
      total,
      days,
    },
    devices,
    push: { boundsMs: [...pushBoundsMs], days: dates.map((day) => ({ day, counts: [4, 31, 120, 64, 22, 9, 3, 1, 0, 0, 0, 1] })) },
  };
}
