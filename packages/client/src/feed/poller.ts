/** The journal by `GET /v1/changes`, for as long as no socket can be had. */
import { rootId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Edge, FeedEvents } from "../ports.ts";

/** Looks once, up to the journal's head. Resolves with whether there was anything new. Rejects as {@link Edge} does. */
export type Poll = (signal: AbortSignal) => Promise<boolean>;

export function createPoll(edge: Pick<Edge, "changes" | "tree">, events: FeedEvents): Poll {
  let reconcileToldAt: string | undefined;

  /** The refusal of a cursor says neither the epoch nor the head that the device is to reconcile with: the root does. */
  async function tellReconcile(code: "cursor-expired" | "epoch-changed", cursor: string, signal: AbortSignal): Promise<void> {
    // Once for each cursor: the device may be at it for longer than until the next poll.
    if (reconcileToldAt === cursor) return;
    const { epoch, head } = await edge.tree(rootId, null, signal);
    reconcileToldAt = cursor;
    events.message({ type: "reconcile", code, epoch, head });
  }

  async function readPages(signal: AbortSignal): Promise<boolean> {
    const { epoch, seq, op } = events.cursor();
    let page = await edge.changes(seq, epoch, signal, op);
    if (epoch === null) {
      events.message({ type: "welcome", ...page });
      return page.changes.length > 0;
    }
    for (let since = seq; ;) {
      events.message({ type: "changes", head: page.head, changes: page.changes, inline: [], locations: [] });
      const last = page.changes.at(-1)?.seq ?? since;
      if (last <= since || last >= page.head) return last > seq;
      since = last;
      page = await edge.changes(since, epoch, signal);
    }
  }

  return async (signal) => {
    const { epoch, seq } = events.cursor();
    try {
      const changed = await readPages(signal);
      reconcileToldAt = undefined;
      return changed;
    } catch (error) {
      if (!(error instanceof ProblemError) || (error.code !== "cursor-expired" && error.code !== "epoch-changed")) throw error;
      await tellReconcile(error.code, `${epoch} ${seq}`, signal);
      return false;
    }
  };
}
