/** Engine events as lines for people: what happened, to which file, what to do. */
import type { AppliedChange, EngineEvent } from "@ashlar/client/engine/types";
import { countText, durationText, timeText } from "./quantity.ts";
import { sentence } from "./sentence.ts";
import { printable, type Paint } from "./terminal.ts";

/** Undefined for events that only move the progress line. */
export function eventText(event: EngineEvent, paint: Paint): string | undefined {
  switch (event.type) {
    case "scan":
    case "upload":
    case "download":
      return undefined;
    case "applied":
      return `${event.side === "local" ? "received" : "sent    "}  ${changeWords[event.change]}  ${printable(event.path)}`;
    case "conflict":
      return `${paint.yellow("conflict")}  ${printable(event.path)} was changed on two devices. The other version is there now, and yours is kept as ${printable(event.copy)}. Keep what you want of both, and delete the copy.`;
    case "waiting": {
      const next = event.nextTryMs === null ? "" : ` Next try ${timeText(event.nextTryMs)}.`;
      return `${paint.yellow("waits   ")}  ${placeText(event.path)}: ${printable(event.detail)}${next}`;
    }
    case "feed":
      return feedText(event);
    case "offline":
      return `${paint.yellow("offline ")}  ${sentence(printable(event.why))} Next try ${retryText(event.retryInMs)}.`;
    case "reconciled":
      return reconciledText(event, paint);
    case "needs-person":
      return `${paint.red("stopped ")}  ${printable(event.question)}`;
    case "equal":
      return `${paint.green("equal   ")}  up to change ${event.cursor}`;
  }
}

/** The folder itself has no name below itself. */
export const placeText = (path: string): string => (path === "" ? "everything" : printable(path));

function reconciledText(
  { mended, blocksChecked, blocksSent, blocksMissing }: Extract<EngineEvent, { type: "reconciled" }>,
  paint: Paint,
): string {
  const parts = [`${countText(blocksChecked, "block")} asked about`];
  if (mended > 0) parts.push(`${countText(mended, "note")} mended`);
  if (blocksSent > 0) parts.push(`${countText(blocksSent, "block")} sent again`);
  if (blocksMissing > 0)
    parts.push(
      paint.yellow(`${countText(blocksMissing, "block")} missing on the server and not here: \`ashlar doctor --deep\` names the files`),
    );
  return `compared  disk, notes and server: ${parts.join(", ")}`;
}

function retryText(ms: number): string {
  return ms < 500 ? "now" : `in ${durationText(ms)}`;
}

/** Equal lines say nothing new unless something else was said in between, or another change. */
export function eventLines(paint: Paint): (event: EngineEvent) => string | undefined {
  let last: string | undefined;
  return (event) => {
    const text = eventText(event, paint);
    if (text === undefined || (event.type === "equal" && text === last)) return undefined;
    last = text;
    return text;
  };
}

const changeWords: Record<AppliedChange, string> = {
  create: "new    ",
  update: "edit   ",
  move: "move   ",
  mode: "mode   ",
  delete: "delete ",
};

function feedText({ state, why }: Extract<EngineEvent, { type: "feed" }>): string | undefined {
  const because = why === undefined ? "" : `: ${printable(why)}`;
  switch (state) {
    case "live":
      return "online    changes of other devices arrive at once";
    case "polling":
      return `online    no live connection${because}; asking for changes from time to time`;
    // The event `offline` says more.
    case "offline":
      return undefined;
  }
}
