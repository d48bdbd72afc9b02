/** The moving line: how far, how fast, how long still. Time is handed in, ms since 1970. */
import { bytesText, durationText } from "./quantity.ts";

export type Progress = {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
};

/** Long enough to even out single blocks, short enough to follow the network. */
const windowMs = 5000;

export type RateMeter = {
  /** Bytes per second over the last seconds; undefined until there are two looks. */
  at(now: number, bytesDone: number): number | undefined;
};

export function rateMeter(): RateMeter {
  let looks: { at: number; bytes: number }[] = [];
  return {
    at(now, bytesDone) {
      const last = looks.at(-1);
      // Work that begins anew counts from zero again.
      if (last !== undefined && bytesDone < last.bytes) looks = [];
      looks = [...looks.filter(({ at }) => now - at <= windowMs), { at: now, bytes: bytesDone }];
      const [first] = looks;
      if (first === undefined || now <= first.at) return undefined;
      return ((bytesDone - first.bytes) * 1000) / (now - first.at);
    },
  };
}

/** `12 of 500 files, 3.1 MiB of 40 MiB, 5.0 MiB/s, 8 s left` */
export function progressText(progress: Progress, bytesPerSecond: number | undefined): string {
  const { filesDone, filesTotal, bytesDone, bytesTotal } = progress;
  const parts = [
    `${filesDone.toLocaleString("en")} of ${filesTotal.toLocaleString("en")} files`,
    `${bytesText(bytesDone)} of ${bytesText(bytesTotal)}`,
  ];
  if (bytesPerSecond !== undefined && bytesPerSecond >= 1) {
    parts.push(`${bytesText(bytesPerSecond)}/s`);
    if (bytesTotal > bytesDone) parts.push(`${durationText(((bytesTotal - bytesDone) / bytesPerSecond) * 1000)} left`);
  }
  return parts.join(", ");
}
