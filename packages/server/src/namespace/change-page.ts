/** Changes as they travel: in bounds, and no longer than they need to be. */
import type { OpId } from "@ashlar/shared/ids";
import { pageManifestCharsMax } from "@ashlar/shared/limits";
import type { ManifestPatch } from "@ashlar/shared/manifest-patch";
import type { Change } from "@ashlar/shared/protocol/change";

/** The same changes with as many manifests and deltas as one message may carry; the others are asked for one by one. */
export function trimManifests(changes: readonly Change[]): Change[] {
  let chars = 0;
  return changes.map(({ patch, ...change }) => {
    chars += (change.manifest?.length ?? 0) + lengthOf(patch) + (change.deltas.length === 0 ? 0 : lengthOf(change.deltas));
    return chars > pageManifestCharsMax ? { ...change, manifest: null, deltas: [] } : { ...change, ...(patch && { patch }) };
  });
}

/**
 * Updates with a patch instead of their manifest, where that is shorter: a device that follows has the version before. Whoever has
 * not asks for the version.
 */
export function withPatches(changes: readonly Change[], patches: ReadonlyMap<OpId, ManifestPatch>): Change[] {
  return changes.map((change) => {
    const patch = patches.get(change.opId);
    if (change.type !== "update" || patch === undefined || patch.base !== change.version - 1) return change;
    const pays = change.manifest === null || lengthOf(patch) < change.manifest.length;
    return pays ? { ...change, manifest: null, patch } : change;
  });
}

function lengthOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}
