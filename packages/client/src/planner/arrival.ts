/** Nodes that one side alone has, and that were never synced: they go to the other side. Never-synced is never deletable. */
import { decodeManifest, manifestSize } from "@ashlar/shared/manifest";
import type { LocalNode } from "../scan/types.ts";
import type { SharedNode } from "../trees/node.ts";
import { collide, fetchManifest } from "./collision.ts";
import { type PlanContext, type Verdict, blocked } from "./context.ts";
import { isTemporaryName } from "./names.ts";
import { claimLocal, claimRemote, freeConflictName, localFolder, remoteFolder, spellingOf } from "./places.ts";

export function newThere(context: PlanContext, remote: SharedNode): Verdict {
  const fault = context.options.nameFault(remote.name);
  if (fault !== undefined) return context.wait(remote.id, "bad-name", fault);
  const folder = localFolder(context, remote.parent);
  if (folder === undefined) return blocked;
  const claim = claimLocal(context, remote);
  if (claim.state === "taken") return context.wait(remote.id, "clash", clashText(remote.name));
  if (claim.state !== "free") return blocked;
  const needs = [...folder, ...claim.needs];
  if (remote.kind === "folder") return context.act({ do: "make-folder", node: remote.id }, needs);
  if (remote.manifest === null) return fetchManifest(context, remote.id);
  return context.act({ do: "download", node: remote.id, mode: remote.mode }, needs);
}

export function clashText(name: string): string {
  return `This disk cannot tell "${name}" from another name in the same folder: rename one of them on another device.`;
}

export function newHere(context: PlanContext, local: LocalNode): Verdict {
  if (local.kind !== "folder" && local.manifest === null) return context.read(local);
  if (isTemporaryName(local.name)) {
    // A swap was cut short, and the database lost with the name it had.
    return context.act({ do: "set-aside", node: local.id, name: freeConflictName(context, local.id, local.parent, lostName) }, [], "local");
  }
  const folder = remoteFolder(context, local.parent);
  if (folder === undefined) return blocked;
  const claim = claimRemote(context, local);
  if (claim.state === "taken") return collide(context, local, claim.by);
  if (claim.state !== "free") return blocked;
  const needs = [...folder, ...claim.needs];
  const node = { node: local.id, parent: local.parent, name: local.name, ...spellingOf(local) };
  if (local.kind === "folder")
    return context.act({ do: "commit", node: local.id, op: { op: "mkdir", ...node, mode: modeToSend(context, local) } }, needs);
  const op = { op: "create", ...node, kind: local.kind, ...contentOf(context, local) } as const;
  return context.act({ do: "commit", node: local.id, op }, needs);
}

type Content = { manifest: string; size: number; mtimeMs: number; mode: number };

/** What a new version says. The content must have been read. */
export function contentOf(context: PlanContext, local: LocalNode, mode = modeToSend(context, local)): Content {
  const manifest = local.manifest ?? "";
  const mtimeMs = Number(BigInt(local.stat.mtimeNs) / 1_000_000n);
  return { manifest, size: manifestSize(decodeManifest(manifest)), mtimeMs, mode };
}

/** For what a swap left under a temporary name when nothing knows its own any more. */
export const lostName = "recovered";

const usualFileMode = 0o644;
const usualFolderMode = 0o755;
const linkMode = 0o777;

function modeToSend(context: PlanContext, local: LocalNode): number {
  if (local.kind === "symlink") return linkMode;
  if (context.options.keepsModes) return local.stat.mode;
  return local.kind === "folder" ? usualFolderMode : usualFileMode;
}
