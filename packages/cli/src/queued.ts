/** Why items that wait for nothing of their own are not equal yet. */
import type { FolderStatus, QueuedItem } from "@ashlar/client/node/folder-status";
import { bytesText, timeText } from "./quantity.ts";
import { sentence } from "./sentence.ts";
import { printable } from "./terminal.ts";

export const stateFullText = "The disk of Ashlar's own state (ASHLAR_HOME) is full. Free some space there: it goes on by itself.";

type Reason = "not-running" | "offline" | "asked" | "state-full" | "uploading" | "downloading" | "sent" | "queued";
type Why = { readonly reason: Reason; readonly detail: string; readonly sinceMs: number; readonly nextTryMs: number | null };
export type Queued = Why & { readonly path: string };

/** As the waiting ones: the next try is null where nothing has failed. */
export function queuedItems(status: FolderStatus, running: boolean): Queued[] {
  return status.queued.map((item) => ({ path: item.path, ...whyOf(item, status, running) }));
}

/** What holds everything up comes before what the item itself is at. */
function whyOf(item: QueuedItem, { state, outage, question, isStateFull }: FolderStatus, running: boolean): Why {
  const { sinceMs, stage } = item;
  const since = { sinceMs, nextTryMs: null };
  if (!running) return { reason: "not-running", detail: "Nothing syncs this folder now.", ...since };
  if (outage !== undefined)
    return { reason: "offline", detail: outage.why, sinceMs: Math.max(sinceMs, outage.sinceMs), nextTryMs: outage.nextTryMs };
  if (isStateFull) return { reason: "state-full", detail: stateFullText, ...since };
  if (question !== undefined) return { reason: "asked", detail: question, ...since };
  if (stage === "sent") return { reason: "sent", detail: "It was sent, and the server has not answered yet.", ...since };
  if (stage === "queued") {
    return { reason: "queued", detail: state === "starting" ? "It is about to begin." : "It is under way, or its turn comes.", ...since };
  }
  const sizes = `${bytesText(stage.bytes)} of ${bytesText(stage.size)}`;
  if (stage.direction === "up") return { reason: "uploading", detail: `It is being sent: ${sizes} so far.`, ...since };
  return { reason: "downloading", detail: `It is being received: ${sizes} so far.`, ...since };
}

const namesShown = 3;

const isTransfer = ({ reason }: Queued): boolean => reason === "uploading" || reason === "downloading";

/** A line for each transfer, and one for all that have the same reason. */
export function queuedLines(status: FolderStatus, running: boolean): string[] {
  const items = queuedItems(status, running);
  return [...Map.groupBy(items, (item) => (isTransfer(item) ? `transfer ${item.path}` : item.reason)).values()].map(lineOf);
}

function lineOf(items: readonly Queued[]): string {
  const [first] = items;
  if (first === undefined) return "";
  const names = items.slice(0, namesShown).map(({ path }) => printable(path));
  const more = items.length > namesShown ? ", ..." : "";
  // The question has a line of its own.
  const why = first.reason === "asked" ? "It waits for what you decide." : sentence(printable(first.detail));
  const sinceMs = Math.min(...items.map((item) => item.sinceMs));
  return `to sync: ${names.join(", ")}${more}. ${why} (since ${timeText(sinceMs)})`;
}
