/** What the devices of a user are told of updates, instead of their manifests. */
import type { NodeId, OpId } from "@ashlar/shared/ids";
import { diffManifests, type ManifestPatch } from "@ashlar/shared/manifest-patch";
import type { Op } from "@ashlar/shared/protocol/commit";
import type { OpPatch } from "./types.ts";

/** A shorter manifest is hardly longer than a patch. */
const longManifestChars = 1024;
/** Manifests read to be compared, up to 32 KiB each: a commit of more such updates is no small edit. */
const comparedMax = 20;

export type PreviousManifest = { readonly node: NodeId; readonly version: number; readonly manifest: string };

/** Files with long manifests that no device has compared: those whose current version is worth reading. */
export function nodesToCompare(ops: readonly Op[], patches: readonly OpPatch[] = []): NodeId[] {
  const sent = new Set(patches.map(({ opId }) => opId));
  const long = ops.filter((op) => op.op === "update" && op.manifest.length > longManifestChars && !sent.has(op.opId));
  return [...new Set(long.map(({ node }) => node))].slice(0, comparedMax);
}

/** By operation: as sent, else what the manifest differs in from the version that was current. */
export function answerPatches(
  ops: readonly Op[],
  patches: readonly OpPatch[] = [],
  previous: ReadonlyMap<NodeId, PreviousManifest>,
): ReadonlyMap<OpId, ManifestPatch> {
  const found = new Map(patches.map(({ opId, patch }) => [opId, patch]));
  for (const op of ops) {
    const before = previous.get(op.node);
    if (op.op !== "update" || before === undefined || found.has(op.opId)) continue;
    const patch = diffManifests(before.version, before.manifest, op.manifest);
    if (patch !== undefined) found.set(op.opId, patch);
  }
  return found;
}
