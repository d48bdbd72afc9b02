/** Two nodes want one place, one from each side. The server's was there first; no content is lost (I5). */
import type { NodeId } from "@ashlar/shared/ids";
import type { LocalNode } from "../scan/types.ts";
import { type PlanContext, type Verdict, blocked } from "./context.ts";
import { freeConflictName } from "./places.ts";

/** `by` is the server's node at the local node's place. */
export function collide(context: PlanContext, local: LocalNode, by: NodeId): Verdict {
  const remote = context.trees.remote.get(by);
  const isArriving = remote !== undefined && context.trees.local.get(by) === undefined && context.trees.synced.get(by) === undefined;
  if (isArriving && remote.kind === local.kind) {
    if (context.options.busy(by)) return blocked;
    if (local.kind === "folder") return adopt(context, local, by);
    if (local.manifest === null) return context.read(local);
    if (remote.manifest === null) return fetchManifest(context, by);
    if (local.manifest === remote.manifest) return adopt(context, local, by);
  }
  return context.act({ do: "set-aside", node: local.id, name: freeConflictName(context, local.id, local.parent, local.name) }, [], "local");
}

/** Folders merge, and equal files are one: no conflict. */
function adopt(context: PlanContext, local: LocalNode, as: NodeId): Verdict {
  const verdict = context.act({ do: "adopt", node: local.id, as });
  if (!context.isDecided(as)) context.settle(as, verdict);
  return verdict;
}

export function fetchManifest(context: PlanContext, node: NodeId): Verdict {
  return context.act({ do: "fetch-manifest", node });
}
