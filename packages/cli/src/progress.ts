/** Adds up the engine's events into one picture of how far the work is. */
import type { EngineEvent } from "@ashlar/client/engine/types";
import type { Progress } from "./progress-line.ts";

export type ProgressTally = {
  /** Takes the event in. */
  add(event: EngineEvent): void;
  /** `pending`: how many nodes differ now. Undefined when nothing is under way. */
  at(pending: number): Progress | undefined;
};

export function progressTally(): ProgressTally {
  let filesDone = 0;
  const files = new Map<string, { bytes: number; size: number }>();
  return {
    add(event) {
      switch (event.type) {
        case "upload":
        case "download":
          files.set(`${event.type} ${event.path}`, { bytes: event.bytes, size: event.size });
          return;
        case "applied":
          filesDone++;
          return;
        case "equal":
          // The next piece of work counts for itself.
          filesDone = 0;
          files.clear();
          return;
        case "scan":
        case "conflict":
        case "waiting":
        case "feed":
        case "offline":
        case "reconciled":
        case "needs-person":
      }
    },
    at(pending) {
      if (pending === 0) return undefined;
      let bytesDone = 0;
      let bytesTotal = 0;
      for (const { bytes, size } of files.values()) {
        bytesDone += bytes;
        bytesTotal += size;
      }
      return { filesDone, filesTotal: filesDone + pending, bytesDone, bytesTotal };
    },
  };
}
