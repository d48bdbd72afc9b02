/** Nodes that both sides have: place, content and mode merge each on its own, so that an edit and a rename both apply. */
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { contentOf } from "./arrival.ts";
import { fetchManifest } from "./collision.ts";
import { type PlanContext, type Verdict, blocked, clean, ownerEnters, placeOf, sameContent, sameMode, samePlace } from "./context.ts";
import { mergePlace } from "./movement.ts";
import { freeConflictName } from "./places.ts";

/** Both have it under one id, and nothing was agreed: adopted by name, or after the agreements were forgotten. */
export function meet(context: PlanContext, local: LocalNode, remote: SharedNode): Verdict {
  if (local.kind !== remote.kind) return context.act({ do: "revive", node: local.id, below: false });
  if (local.kind !== "folder") {
    if (local.manifest === null) return context.read(local);
    if (remote.manifest === null) return fetchManifest(context, remote.id);
    if (local.manifest !== remote.manifest) return keepCopy(context, local, remote);
  }
  // As agreed as it is on this disk: where the server differs, the server's is taken.
  const mode = sameMode(context, local, remote) ? remote.mode : local.stat.mode;
  return context.act({ do: "agree", node: remote.id, synced: { ...remote, ...placeOf(local), mode } });
}

export function mergeBoth(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): Verdict {
  if (local.kind !== "folder") {
    if (local.manifest === null) return context.read(local);
    if (remote.manifest === null && remote.version === synced.version && synced.manifest !== null) {
      // The journal left a long manifest out, but it is the one that was agreed.
    } else if (remote.manifest === null) return fetchManifest(context, remote.id);
    const isConflict = local.manifest !== synced.manifest && !sameContent(remote, synced) && local.manifest !== remote.manifest;
    if (isConflict) return keepCopy(context, local, remote);
  }
  const agreed = agreement(context, local, remote, synced);
  if (agreed !== undefined) return context.act({ do: "agree", node: remote.id, synced: agreed });
  if (!samePlace(local, remote)) return mergePlace(context, local, remote, synced);
  return local.kind === "folder" ? mergeFolderMode(context, local, remote, synced) : mergeContent(context, local, remote, synced);
}

/** What both sides say alike and the synced tree does not yet; undefined when it knows. */
function agreement(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): SharedNode | undefined {
  let agreed = synced;
  if (samePlace(local, remote) && !samePlace(synced, remote)) agreed = { ...agreed, ...placeOf(remote) };
  if (sameMode(context, local, remote) && synced.mode !== remote.mode) agreed = { ...agreed, mode: remote.mode };
  if (local.kind !== "folder" && local.manifest === manifestOf(remote, synced) && synced.version !== remote.version) {
    const { version, size, mtimeMs } = remote;
    agreed = { ...agreed, manifest: local.manifest, version, size, mtimeMs };
  }
  return agreed === synced ? undefined : agreed;
}

function manifestOf(remote: SharedNode, synced: SharedNode): string | null {
  return remote.manifest ?? (remote.version === synced.version ? synced.manifest : null);
}

/** What is here becomes a file of its own under a name made from the server's, and the server's is fetched to the place. */
function keepCopy(context: PlanContext, local: LocalNode, remote: SharedNode): Verdict {
  return context.act(
    { do: "keep-copy", node: local.id, name: freeConflictName(context, local.id, local.parent, remote.name) },
    [],
    "local",
  );
}

function mergeFolderMode(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): Verdict {
  if (sameMode(context, local, remote)) return clean;
  if (remote.mode !== synced.mode) return takeFolderMode(context, remote);
  const { id: node, parent, name, rev: baseRev, spelling } = remote;
  const op = { op: "move", node, baseRev, parent, name, ...(spelling === undefined ? {} : { spelling }), mode: local.stat.mode } as const;
  return context.act({ do: "commit", node, op });
}

/** A folder that nobody may write to is filled first. */
function takeFolderMode(context: PlanContext, remote: SharedNode): Verdict {
  const { trees } = context;
  const isOpen = (remote.mode & ownerEnters) === ownerEnters;
  const isFilled = () => {
    for (const { id } of trees.remote.children(remote.id))
      if (trees.local.get(id) === undefined && trees.synced.get(id) === undefined) return false;
    return true;
  };
  return isOpen || isFilled() ? context.act({ do: "set-mode", node: remote.id, mode: remote.mode }) : blocked;
}

function mergeContent(context: PlanContext, local: LocalNode, remote: SharedNode, synced: SharedNode): Verdict {
  const isModeTaken = sameMode(context, local, remote) || remote.mode !== synced.mode;
  const mode = isModeTaken || local.kind === "symlink" ? remote.mode : local.stat.mode;
  if (local.manifest !== manifestOf(remote, synced)) {
    if (local.manifest === synced.manifest) return context.act({ do: "download", node: local.id, mode });
    // The server's mode first: the new version is to say it.
    if (!sameMode(context, local, remote) && isModeTaken) return setMode(context, local, remote.mode);
    return update(context, local, remote, mode);
  }
  if (sameMode(context, local, remote)) return clean;
  return isModeTaken ? setMode(context, local, remote.mode) : update(context, local, remote, mode);
}

function setMode(context: PlanContext, local: LocalNode, mode: number): Verdict {
  return context.act({ do: "set-mode", node: local.id, mode });
}

function update(context: PlanContext, local: LocalNode, remote: SharedNode, mode: number): Verdict {
  const content = contentOf(context, local, mode);
  return context.act({ do: "commit", node: local.id, op: { op: "update", node: local.id, baseRev: remote.rev, ...content } });
}
