/** From the save of a small file on one device to its bytes on another. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Device } from "../test/e2e/support/house.ts";

const lookEveryMs = 2;
const giveUpMs = 30_000;

/** Milliseconds of each save, in order. Both devices are syncing already. */
export async function measureLatency(from: Device, to: Device, saves: number): Promise<number[]> {
  const times: number[] = [];
  for (let save = 0; save < saves; save++) {
    const bytes = randomBytes(1024);
    const startedMs = performance.now();
    await writeFile(join(from.folder, "saved.bin"), bytes);
    await until(async () => (await readFile(join(to.folder, "saved.bin")).catch(() => undefined))?.equals(bytes) === true);
    times.push(performance.now() - startedMs);
    // People pause between saves; without it each save would fall into the settling of the one before.
    await sleep(500);
  }
  return times;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + giveUpMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`a saved file did not arrive within ${giveUpMs} ms`);
    await sleep(lookEveryMs);
  }
}

/** The value that the given share of all is not above. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
