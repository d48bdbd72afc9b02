/** What a scan found, written to the local tree. */
import type { RelativePath } from "../ports.ts";
import type { Hindrance, Observation } from "../scan/types.ts";
import type { Trees } from "./trees.ts";

export function applyObservations(trees: Trees, observations: readonly Observation[], nowMs: number): void {
  trees.transaction(() => {
    for (const observation of observations) applyOne(trees, observation, nowMs);
    // Last, so that what moved out of a vanished folder is no longer below it.
    for (const observation of observations) {
      if (observation.type !== "vanished" || trees.local.get(observation.id) === undefined) continue;
      forgetConflict(trees, observation);
      trees.local.remove(observation.id);
      trees.waiting.removeNode(observation.id);
    }
  });
}

function applyOne(trees: Trees, observation: Observation, nowMs: number): void {
  const seenAtMs = nowMs;
  switch (observation.type) {
    case "appeared": {
      const { id, parent, name, spelling, kind, stat } = observation;
      trees.local.put({ id, parent, name, spelling, kind, stat, seenAtMs, manifest: null });
      return;
    }
    case "moved": {
      const before = trees.local.get(observation.id);
      if (before === undefined) return;
      forgetConflict(trees, observation);
      const { parent, name, spelling, stat } = observation;
      trees.local.put({ ...before, parent, name, spelling, stat, seenAtMs, manifest: null });
      return;
    }
    case "changed": {
      const before = trees.local.get(observation.id);
      if (before === undefined) return;
      trees.local.put({ ...before, stat: observation.stat, seenAtMs, manifest: observation.content ? null : before.manifest });
      return;
    }
    case "vanished":
      return;
  }
}

/** A conflicted copy that a person has renamed or removed is dealt with. */
function forgetConflict(trees: Trees, observation: Observation): void {
  const path = trees.localPath(observation.id);
  if (path !== undefined) trees.conflicts.remove(path);
}

/** `folders`: the paths that were scanned, or everything; what hindered there before and does no more is forgotten. */
export function applyHindrances(
  trees: Trees,
  hindrances: readonly Hindrance[],
  folders: ReadonlySet<RelativePath> | "all",
  nowMs: number,
): readonly Hindrance[] {
  return trees.transaction(() => {
    const before = new Map(trees.waiting.hindrances().map((row) => [row.path, row]));
    for (const path of before.keys()) {
      if (folders === "all" || folders.has(folderOf(path)) || folders.has(path)) trees.waiting.removeHindrance(path);
    }
    for (const { path, reason, detail } of hindrances) {
      trees.waiting.putHindrance({ path, reason, detail, sinceMs: before.get(path)?.sinceMs ?? nowMs, nextTryMs: null, attempts: 0 });
    }
    return hindrances.filter(({ path, reason }) => before.get(path)?.reason !== reason);
  });
}

function folderOf(path: RelativePath): RelativePath {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
