import { describe, expect, it } from "vitest";
import { progressText, rateMeter } from "../src/progress-line.ts";
import { progressTally } from "../src/progress.ts";
import { bytesText, countText, durationText } from "../src/quantity.ts";

describe("the progress line", () => {
  const half = { filesDone: 12, filesTotal: 1500, bytesDone: 20 * 1024 * 1024, bytesTotal: 40 * 1024 * 1024 };

  it("M10 it says files, bytes, rate and what is left", () => {
    expect(progressText(half, 5 * 1024 * 1024)).toBe("12 of 1,500 files, 20 MiB of 40 MiB, 5.0 MiB/s, 4 s left");
  });

  it("M10 it promises no time without a rate", () => {
    expect(progressText(half, undefined)).toBe("12 of 1,500 files, 20 MiB of 40 MiB");
    expect(progressText(half, 0)).toBe("12 of 1,500 files, 20 MiB of 40 MiB");
  });

  it("M10 the rate is that of the last seconds, and new work begins a new one", () => {
    const meter = rateMeter();
    expect(meter.at(0, 0)).toBeUndefined();
    expect(meter.at(1000, 500)).toBe(500);
    expect(meter.at(6000, 10_500)).toBe(2000);
    expect(meter.at(7000, 0)).toBeUndefined();
    expect(meter.at(8000, 100)).toBe(100);
  });

  it("M10 events add up, and equality ends the count", () => {
    const tally = progressTally();
    expect(tally.at(0)).toBeUndefined();
    tally.add({ type: "upload", path: "a", bytes: 10, size: 100 });
    tally.add({ type: "upload", path: "a", bytes: 60, size: 100 });
    tally.add({ type: "download", path: "b", bytes: 5, size: 5 });
    tally.add({ type: "applied", side: "local", change: "create", path: "b" });
    expect(tally.at(1)).toEqual({ filesDone: 1, filesTotal: 2, bytesDone: 65, bytesTotal: 105 });
    tally.add({ type: "equal", cursor: 7 });
    expect(tally.at(1)).toEqual({ filesDone: 0, filesTotal: 1, bytesDone: 0, bytesTotal: 0 });
  });
});

describe("quantities", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [10 * 1024, "10 KiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
    [5000 * 1024 ** 4, "5000 TiB"],
  ])("M10 %d bytes read as %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0, "0 s"],
    [59_000, "59 s"],
    [60_000, "1 min"],
    [125_000, "2 min 5 s"],
    [7_200_000, "2 h"],
    [12_000_000, "3 h 20 min"],
  ])("M10 %d ms read as %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it("M10 one is not many", () => {
    expect(countText(1, "conflict")).toBe("1 conflict");
    expect(countText(1200, "item waits", "items wait")).toBe("1,200 items wait");
  });
});
