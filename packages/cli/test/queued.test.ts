import type { FolderStatus } from "@ashlar/client/node/folder-status";
import { expect, it } from "vitest";
import { queuedItems, queuedLines } from "../src/queued.ts";

const MiB = 1024 * 1024;

function status(more: Partial<FolderStatus> = {}): FolderStatus {
  const node = "N".repeat(22) as never;
  return {
    state: "working",
    feed: "live",
    pending: 5,
    waiting: [],
    conflicts: [],
    lastSyncedAtMs: null,
    cursor: 0,
    question: undefined,
    unwatched: 0,
    outage: undefined,
    isStateFull: false,
    queued: [
      { path: "big", sinceMs: 30, stage: { node, direction: "up", bytes: 5 * MiB, size: 20 * MiB, sinceMs: 30 } },
      { path: "huge", sinceMs: 40, stage: { node, direction: "down", bytes: 0, size: 90 * MiB, sinceMs: 40 } },
      { path: "sent", sinceMs: 10, stage: "sent" },
      { path: "next", sinceMs: 20, stage: "queued" },
      { path: "last", sinceMs: 15, stage: "queued" },
    ],
    ...more,
  };
}

it("M55 says what is being sent or received and how far that is, what was sent, and what has its turn to come", () => {
  expect(queuedItems(status(), true).map(({ path, reason, sinceMs }) => [path, reason, sinceMs])).toEqual([
    ["big", "uploading", 30],
    ["huge", "downloading", 40],
    ["sent", "sent", 10],
    ["next", "queued", 20],
    ["last", "queued", 15],
  ]);
  expect(queuedLines(status(), true).map((line) => line.replace(/ \(since .*\)$/, ""))).toEqual([
    "to sync: big. It is being sent: 5.0 MiB of 20 MiB so far.",
    "to sync: huge. It is being received: 0 B of 90 MiB so far.",
    "to sync: sent. It was sent, and the server has not answered yet.",
    "to sync: next, last. It is under way, or its turn comes.",
  ]);
});

it.each<[Partial<FolderStatus>, boolean, string, number, number | null]>([
  [{}, false, "not-running", 30, null],
  [{ outage: { sinceMs: 35, why: "The cable is cut.", nextTryMs: 99 } }, true, "offline", 35, 99],
  [{ isStateFull: true }, true, "state-full", 30, null],
  [{ question: "Really?" }, true, "asked", 30, null],
])("M46 what holds everything up is the reason: %j, running: %j", (more, running, reason, sinceMs, nextTryMs) => {
  const [first] = queuedItems(status(more), running);
  expect(first).toMatchObject({ path: "big", reason, sinceMs, nextTryMs });
  expect(queuedLines(status(more), running)).toHaveLength(1);
});
