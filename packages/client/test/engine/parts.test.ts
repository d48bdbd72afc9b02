import { describe, expect, it } from "vitest";
import { DiskLock } from "../../src/engine/disk-lock.ts";
import { isMassDelete } from "../../src/engine/guard.ts";
import { TransferNotes, readTransfers } from "../../src/engine/transfer-notes.ts";
import { Slots } from "../../src/engine/slots.ts";
import { Wake } from "../../src/engine/wake.ts";
import { openDatabase } from "../../src/node/database.ts";
import { Trees } from "../../src/trees/trees.ts";
import { ManualClock } from "../support/manual-clock.ts";

describe("isMassDelete", () => {
  it.each([
    [19, 19, false],
    [20, 80, true],
    [20, 81, false],
    [499, 1_000_000, false],
    [500, 1_000_000, true],
  ])("X25 %i of %i files: %s", (deletes, total, expected) => {
    expect(isMassDelete(deletes, total)).toBe(expected);
  });
});

describe("DiskLock", () => {
  it("X26 changes of the disk run beside each other, a scan alone", async () => {
    const lock = new DiskLock();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    await Promise.all([lock.share(work("a")), lock.share(work("b")), lock.alone(work("scan")), lock.share(work("c"))]);
    expect(log).toEqual(["a begins", "b begins", "a ends", "b ends", "scan begins", "scan ends", "c begins", "c ends"]);
  });

  it("X27 a failure within does not hold the others up", async () => {
    const lock = new DiskLock();
    await expect(lock.alone(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(lock.share(() => Promise.resolve("yes"))).resolves.toBe("yes");
    await expect(lock.share(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(lock.alone(() => Promise.resolve("yes"))).resolves.toBe("yes");
  });
});

describe("Slots", () => {
  it("X28 no more run at a time than there are slots", async () => {
    const slots = new Slots(2);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
    };
    await Promise.all(Array.from({ length: 9 }, () => slots.run(work)));
    expect([most, running]).toEqual([2, 0]);
  });
});

describe("Wake", () => {
  it("X29 a call before the sleep is not lost, and time ends the sleep without one", async () => {
    const clock = new ManualClock(0);
    const wake = new Wake();
    const { signal } = new AbortController();
    wake.call();
    await wake.wait(clock, 1e9, signal);
    await clock.passUntil(wake.wait(clock, 500, signal), 1000);
    expect(clock.now()).toBeGreaterThanOrEqual(500);
  });
});

describe("TransferNotes", () => {
  it("M55 larger transfers are written down at once and then every two seconds, and not once they are over", () => {
    const database = openDatabase(":memory:", 0);
    const { meta } = new Trees(database, { caseSensitive: true });
    let [now, writes] = [0, 0];
    const attempt = (write: () => void) => {
      writes++;
      write();
      return true;
    };
    const notes = new TransferNotes({ meta, now: () => now, attempt });
    const MiB = 1024 * 1024;
    notes.begin("small" as never, "up", MiB - 1).at(5);
    expect([readTransfers(database), writes]).toEqual([[], 0]);
    const large = notes.begin("large" as never, "up", 10 * MiB);
    const other = notes.begin("other" as never, "down", 20 * MiB);
    large.at(MiB);
    expect(readTransfers(database)).toEqual([{ node: "large", direction: "up", bytes: 0, size: 10 * MiB, sinceMs: 0 }]);
    now = 2000;
    large.at(2 * MiB);
    expect(readTransfers(database)).toMatchObject([
      { node: "large", bytes: 2 * MiB },
      { node: "other", direction: "down", bytes: 0 },
    ]);
    large[Symbol.dispose]();
    expect([readTransfers(database).map(({ node }) => node), writes]).toEqual([["other"], 3]);
    notes.clear();
    expect(readTransfers(database)).toEqual([]);
    other[Symbol.dispose]();
  });
});
