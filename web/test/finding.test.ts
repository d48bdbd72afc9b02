import { nodeIdSchema, rootId } from "@ashlar/shared/ids";
import type { SearchPage } from "@ashlar/shared/protocol/search";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Found, keepFinding } from "../src/files/finding.ts";
import { systemClock } from "../src/platform/clock.ts";
import { createStore } from "../src/platform/store.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function item(number: number): SearchPage["items"][number] {
  const node = nodeIdSchema.parse(`n${String(number).padStart(21, "0")}`);
  const name = `file ${number}`;
  return { node, parent: rootId, name, kind: "file", rev: 1, version: 1, size: 0, mtimeMs: 0, mode: 0o644, digest: "", path: name };
}

function opened(ask: (after: string | null) => Promise<SearchPage>) {
  const commits = createStore(0);
  const stop = new AbortController();
  const shown: Found[] = [];
  const faults: string[] = [];
  const ended = keepFinding({
    ask,
    show: (found) => shown.push(found),
    fail: (error) => faults.push(String(error)),
    commits,
    clock: systemClock,
    signal: stop.signal,
  }).catch(() => "stopped");
  return { commits, stop, faults, ended, counts: () => shown.map(({ entries }) => entries.length) };
}

/** Of one item each. */
const threePages = async (after: string | null): Promise<SearchPage> => {
  const at = Number(after ?? 0);
  return { items: [item(at)], next: at === 2 ? null : String(at + 1) };
};

test("WB20 a search shows its pages as they come, and one that is repeated only its whole answer", async () => {
  const { commits, counts, stop, ended } = opened(threePages);
  await pass(200);
  expect(counts()).toEqual([1, 2, 3]);
  await pass(60_000);
  expect(counts()).toEqual([1, 2, 3]);
  commits.update((count) => count + 1);
  await pass(0);
  expect(counts()).toEqual([1, 2, 3, 3]);
  stop.abort();
  expect(await ended).toBe("stopped");
});

test("WB20 commits without a pause neither hold up a search nor repeat it more often than every 1.5 s, and less and less often", async () => {
  let asked = 0;
  const { commits, counts, stop, ended } = opened(async () => {
    asked++;
    return { items: [item(asked)], next: null };
  });
  for (let step = 0; step < 100; step++) {
    commits.update((count) => count + 1);
    await pass(100);
  }
  expect(counts().length).toBe(asked);
  // After 0.2, 1.7 and 4.7 s.
  expect(asked).toBe(3);
  stop.abort();
  expect(await ended).toBe("stopped");
});

test("WB20 a search rests while commits go on and on, and follows quickly again when they have ended", async () => {
  let asked = 0;
  const { commits, stop, ended } = opened(async () => {
    asked++;
    return { items: [item(asked)], next: null };
  });
  for (let second = 0; second < 600; second++) {
    commits.update((count) => count + 1);
    await pass(1000);
  }
  // 1.5, 3, 6, 12, 24 and 48 s apart, then a minute.
  expect(asked).toBeLessThanOrEqual(6 + 600 / 60);
  await pass(120_000);
  for (const _ of [1, 2]) {
    const before = asked;
    commits.update((count) => count + 1);
    await pass(0);
    expect(asked).toBe(before + 1);
    await pass(1500);
  }
  stop.abort();
  expect(await ended).toBe("stopped");
});

test("WB20 a search that failed is told, and made again after the next commit", async () => {
  let asked = 0;
  const { commits, counts, faults, stop, ended } = opened(async (after) => {
    asked++;
    if (asked === 1) throw new Error("too many");
    return threePages(after);
  });
  await pass(2000);
  expect(faults).toEqual(["Error: too many"]);
  commits.update((count) => count + 1);
  await pass(0);
  expect(counts()).toEqual([3]);
  stop.abort();
  expect(await ended).toBe("stopped");
});
