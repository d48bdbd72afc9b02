/** The journal's changes, applied to the remote tree: in order, without a gap, each batch with its cursor in one transaction (I3). */
import type { Change } from "@ashlar/shared/protocol/change";
import type { Op } from "@ashlar/shared/protocol/commit";
import { decodeManifest } from "@ashlar/shared/manifest";
import { patchManifest } from "@ashlar/shared/manifest-patch";
import type { Kind } from "../scan/types.ts";
import type { SharedNode } from "./node.ts";
import type { Trees } from "./trees.ts";

export type Journalled = {
  /** A change is missing between the cursor and the first one that could not be applied: fetch it. */
  readonly gap: boolean;
  /** The change at the cursor is another than the one applied here: the server was set back, and gives the same numbers anew. */
  readonly isOtherLife: boolean;
  /** Own operations that the server has thereby acknowledged, with the path and kind of the change. */
  readonly acknowledged: readonly { op: Op; path: string; kind: Kind }[];
};

export function applyChanges(trees: Trees, changes: readonly Change[]): Journalled {
  return trees.transaction(() => {
    const acknowledged: { op: Op; path: string; kind: Kind }[] = [];
    const { epoch } = trees.meta;
    let { cursor, cursorOp } = trees.meta;
    let gap = false;
    let isOtherLife = false;
    for (const change of changes) {
      isOtherLife = change.seq === cursor && cursorOp !== undefined && change.opId !== cursorOp;
      if (isOtherLife) break;
      // Told twice: by the socket and by the commit's answer.
      if (change.seq <= cursor) continue;
      gap = change.seq !== cursor + 1;
      if (gap) break;
      const own = trees.intents.get(change.opId);
      applyChange(trees, change, own);
      if (own !== undefined) acknowledged.push({ op: own, path: change.path, kind: change.kind });
      cursor = change.seq;
      cursorOp = change.opId;
    }
    trees.meta.setCursor(epoch, cursor, cursorOp);
    return { gap, isOtherLife, acknowledged };
  });
}

function applyChange(trees: Trees, change: Change, own: Op | undefined): void {
  if (change.type === "delete") {
    trees.remote.remove(change.node);
  } else {
    trees.remote.put(nodeOf(trees, change, own));
    // It begins anew: that it was agreed on before says nothing where it is gone, and must not delete it again.
    if (change.type === "restore" && trees.local.get(change.node) === undefined) trees.synced.remove(change.node);
  }
  if (own !== undefined) acknowledge(trees, own);
}

function nodeOf(trees: Trees, change: Change, own: Op | undefined): SharedNode {
  const { node: id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs } = change;
  return { id, parent, name, spelling, kind, mode, rev, version, size, mtimeMs, manifest: manifestOf(trees, change, own) };
}

function manifestOf(trees: Trees, change: Change, own: Op | undefined): string | null {
  if (change.manifest === null && (own?.op === "create" || own?.op === "update")) return own.manifest;
  return knownManifest(trees, change);
}

/**
 * A long manifest is left out of the journal, or told by how it differs from an earlier one; often it is known here all
 * the same. Null: it is to be asked for.
 */
function knownManifest(trees: Trees, change: Change): string | null {
  const { manifest, kind, node, version, patch } = change;
  if (manifest !== null || kind === "folder") return manifest;
  const known = [trees.remote.get(node), trees.synced.get(node)];
  const same = known.find((before) => before?.version === version)?.manifest ?? null;
  if (same !== null || patch === undefined) return same;
  const base = known.find((before) => before?.version === patch.base)?.manifest ?? null;
  try {
    return base === null ? null : patchManifest(base, patch);
  } catch (error) {
    // Not made for what is here: the whole one is asked for.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * An own operation is in the journal: what it said is agreed, and nothing more than that. The node's other traits may have
 * been changed by another device and not yet here, so they stay as they were agreed.
 */
function acknowledge(trees: Trees, op: Op): void {
  trees.intents.remove(op.opId);
  trees.waiting.removeNode(op.node);
  const now = trees.remote.get(op.node);
  const agreed = trees.synced.get(op.node) ?? now;
  if (now === undefined || agreed === undefined) {
    trees.synced.remove(op.node);
    return;
  }
  const place = { parent: now.parent, name: now.name, spelling: now.spelling };
  const content = { manifest: now.manifest, version: now.version, size: now.size, mtimeMs: now.mtimeMs };
  switch (op.op) {
    case "create":
    case "mkdir":
    case "restore":
      trees.synced.put(now);
      break;
    case "update":
      trees.synced.put({ ...agreed, ...content, mode: now.mode, rev: now.rev });
      break;
    case "move":
      trees.synced.put({ ...agreed, ...place, mode: op.mode ?? agreed.mode, rev: now.rev });
      break;
    case "delete":
      trees.synced.remove(op.node);
      break;
  }
  if (op.op === "create" || op.op === "update") {
    for (const { hash } of decodeManifest(op.manifest)) trees.serverBlocks.add(hash);
  }
}
